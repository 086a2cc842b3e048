// A small hospital client of the insurance gateway for Node.js, without any package.
// It does the work order of `vnhealth certify`: node his.mjs FOLDER
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";

const folder = process.argv[2];
const order = JSON.parse(fs.readFileSync(path.join(folder, "work-order.json"), "utf8"));
const vss = order.gateways.vss;

// ---- time: the kit's own when it answers on standard input, else that of this machine
const TASKS = ["lookup", "checkin", "claim", "correct", "settle", "reconcile", "store", "cancel", "restore", "axis", "deid"];
const lines = readline.createInterface({ input: process.stdin });
const answers = lines[Symbol.asyncIterator]();
let told = null;
const started = Date.now();
const now = () => told ?? Date.now() + Date.parse(order.now) - started;
async function tell(event) {
  process.stdout.write(JSON.stringify(event) + "\n");
  const { value: line } = await answers.next();
  told = line ? Date.parse(JSON.parse(line).now) : null;
}
async function sleep(seconds) {
  if (told !== null) await tell({ event: "sleep", seconds });
  else await new Promise((done) => setTimeout(done, seconds * 1000));
}
if (!process.stdin.isTTY) await tell({ event: "hello", clock: "sandbox", tasks: TASKS });
// Waiting costs nothing in virtual time, so be as patient there as with the real gateway.
const virtual = told !== null;
const TRIES = virtual ? 18 : 8, LOOKS = virtual ? 90 : 60, LOOK_PAUSE = virtual ? 300 : 1.1;
const TIMEOUT = virtual ? 3000 : 8000;
const pause = (attempt) => (virtual ? Math.min(30 * 2 ** attempt, 3600) : 0.3 * 2 ** attempt);

// What survives a crash: a note per task, written before and after each step.
const notesFile = path.join(folder, "notes.json");
const notes = fs.existsSync(notesFile) ? JSON.parse(fs.readFileSync(notesFile, "utf8")) : {};
function keep(task, facts) {
  notes[task.id] = { ...notes[task.id], ...facts };
  fs.writeFileSync(notesFile + ".new", JSON.stringify(notes));
  fs.renameSync(notesFile + ".new", notesFile);
}

// ---- files: rows become tables, tables an envelope, the envelope is signed

const LAYOUT = {
  XML0: ["CHI_TIEU_TRANG_THAI_KCB", "DSACH_TRANG_THAI_KCB", "TRANG_THAI_KCB"],
  XML1: ["TONG_HOP"],
  XML2: ["CHITIEU_CHITIET_THUOC", "DSACH_CHI_TIET_THUOC", "CHI_TIET_THUOC"],
  XML3: ["CHITIEU_CHITIET_DVKT_VTYT", "DSACH_CHI_TIET_DVKT", "CHI_TIET_DVKT"],
  XML4: ["CHITIEU_CHITIET_DICHVUCANLAMSANG", "DSACH_CHI_TIET_CLS", "CHI_TIET_CLS"],
  XML5: ["CHITIEU_CHITIET_DIENBIENLAMSANG", "DSACH_CHI_TIET_DIEN_BIEN_BENH", "CHI_TIET_DIEN_BIEN_BENH"],
  XML6: ["CHI_TIEU_HO_SO_BENH_AN_CHAM_SOC_VA_DIEU_TRI_HIV_AIDS", "DSACH_HO_SO_BENH_AN_CHAM_SOC_VA_DIEU_TRI_HIV_AIDS", "HO_SO_BENH_AN_CHAM_SOC_VA_DIEU_TRI_HIV_AIDS"],
  XML7: ["CHI_TIEU_DU_LIEU_GIAY_RA_VIEN"],
  XML8: ["CHI_TIEU_DU_LIEU_TOM_TAT_HO_SO_BENH_AN"],
  XML9: ["CHI_TIEU_DU_LIEU_GIAY_CHUNG_SINH", "DSACH_GIAYCHUNGSINH", "DU_LIEU_GIAY_CHUNG_SINH"],
  XML10: ["CHI_TIEU_DU_LIEU_GIAY_NGHI_DUONG_THAI"],
  XML11: ["CHI_TIEU_DU_LIEU_GIAY_CHUNG_NHAN_NGHI_VIEC_HUONG_BAO_HIEM_XA_HOI"],
  XML13: ["CHI_TIEU_GIAYCHUYENTUYEN"],
  XML14: ["CHI_TIEU_GIAYHEN_KHAMLAI"],
  XML15: ["CHI_TIEU_DIEUTRI_BENHLAO", "DSACH_CHITIET_DIEUTRI_BENHLAO", "CHITIET_DIEUTRI_BENHLAO"],
};
const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n';
const SPACES = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const base64 = (text) => Buffer.from(text, "utf8").toString("base64");

function table(name, rows) {
  const [root, list, row] = LAYOUT[name];
  const cells = (r) => Object.entries(r).map(([tag, text]) => `<${tag}>${escape(text)}</${tag}>`).join("");
  if (!row) return `<${root}>${cells(rows[0])}</${root}>`;
  return `<${root}><${list}>${rows.map((r) => `<${row}>${cells(r)}</${row}>`).join("")}</${list}></${root}>`;
}

function today() {
  return new Date(now() + 7 * 3600 * 1000).toISOString().slice(0, 10).replace(/-/g, "");
}

// Empty cells with a choice take the code that is in force on the day the visit ended.
function rowsOf(task, name) {
  const rows = task.tables[name].map((row) => ({ ...row }));
  for (const [place, codes] of Object.entries(task.choices ?? {})) {
    const [table, tag] = place.split(".");
    const day = task.tables.XML1[0].NGAY_RA.replace(/^(....)(..)(..).*/, "$1-$2-$3");
    const right = codes.find((c) => c.from <= day && day <= c.until).code;
    if (table === name) for (const row of rows) row[tag] ||= right;
  }
  return rows;
}

function file(task, kind) {
  if (kind === "checkin") {
    const body = table("XML0", task.tables.XML0);
    const root = LAYOUT.XML0[0];
    return sign(body.replace(`</${root}>`, `<CHUKYDONVI></CHUKYDONVI></${root}>`), "", task.facility);
  }
  const parts = Object.keys(task.tables)
    .sort((a, b) => a.slice(3) - b.slice(3))
    .map((name) => `<FILEHOSO><LOAIHOSO>${name}</LOAIHOSO><NOIDUNGFILE>${base64(DECLARATION + table(name, rowsOf(task, name)))}</NOIDUNGFILE></FILEHOSO>`)
    .join("");
  const body =
    `<GIAMDINHHS ${SPACES}><THONGTINDONVI><MACSKCB>${task.facility}</MACSKCB></THONGTINDONVI>` +
    `<THONGTINHOSO><NGAYLAP>${today()}</NGAYLAP><SOLUONGHOSO>1</SOLUONGHOSO>` +
    `<DANHSACHHOSO><HOSO>${parts}</HOSO></DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>`;
  return sign(body, " " + SPACES, task.facility);
}

// An enveloped XMLDSig. The body is written in canonical form, so its digest is that of its bytes.
function sign(body, spaces, facility) {
  const names = order.signing[facility];
  const key = fs.readFileSync(path.join(folder, names.key));
  const certificate = fs.readFileSync(path.join(folder, names.certificate), "utf8").replace(/-----[^-]+-----|\s/g, "");
  const digest = crypto.createHash("sha256").update(body, "utf8").digest("base64");
  const c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
  const ds = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"';
  const a = (name, uri) => `<ds:${name} Algorithm="${uri}"></ds:${name}>`;
  const inside =
    a("CanonicalizationMethod", c14n) + a("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256") +
    `<ds:Reference URI=""><ds:Transforms>${a("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature")}${a("Transform", c14n)}</ds:Transforms>` +
    a("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256") + `<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`;
  const value = crypto.sign("sha256", Buffer.from(`<ds:SignedInfo ${ds}${spaces}>${inside}`), key).toString("base64");
  const signature =
    `<ds:Signature ${ds}><ds:SignedInfo>${inside}<ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`;
  return DECLARATION + body.replace("<CHUKYDONVI></CHUKYDONVI>", `<CHUKYDONVI>${signature}</CHUKYDONVI>`);
}

// ---- the line

let gatewayAhead = 0;
const sessions = {};
const barred = new Set();
const account = (facility) => vss.accounts.find((a) => a.facility === facility);
const md5 = (text) => crypto.createHash("md5").update(text, "utf8").digest("hex").toUpperCase();
// Keys are taken in any case, codes as text.
const value = (object, name) => {
  const found = Object.keys(object || {}).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : object[found];
};
const code = (said) => String(value(said, "maKetQua") ?? "").trim();

class Silence extends Error {
  constructor(sent) { super("no answer"); this.sent = sent; }
}

async function send(method, address, headers, form) {
  let answer, text;
  try {
    answer = await fetch(address, {
      method, headers, body: typeof form === "object" ? new URLSearchParams(form) : form, signal: AbortSignal.timeout(TIMEOUT),
    });
    text = await answer.text();
  } catch (error) {
    throw new Silence(error.cause?.code !== "ECONNREFUSED");
  }
  const date = Date.parse(answer.headers.get("date") || "");
  if (date) gatewayAhead = date - now();
  let said = null;
  try { said = JSON.parse(text.replace(/^\ufeff/, "")); } catch { /* no JSON: nothing is known */ }
  return { status: answer.status, said: said !== null && typeof said === "object" ? said : {}, wait: Number(answer.headers.get("retry-after")) || 0 };
}

async function session(facility) {
  if (barred.has(facility)) return null;
  const held = sessions[facility];
  if (held && now() < held.until) return held;
  const who = account(facility);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      const { said } = await send("POST", vss.base_url + "/api/token/take", {}, { username: who.username, password: md5(who.password) });
      const key = value(said, "APIKey");
      if (key?.access_token) {
        const end = String(key.expires_in ?? "");
        let life = /^\d+$/.test(end) ? end * 1000 : Date.parse(end) - (now() + gatewayAhead);
        if (!(life > 0)) life = 50 * 60 * 1000;
        return (sessions[facility] = { ...key, until: now() + life - Math.min(60000, life / 2) });
      }
      if (["401", "402", "403"].includes(code(said))) break;
    } catch (error) {
      if (!(error instanceof Silence)) throw error;
    }
    await sleep(pause(attempt));
  }
  barred.add(facility);
  return null;
}

// A call under the session; when it is refused, one login and one more try.
async function call(facility, method, target, form) {
  for (const last of [false, true]) {
    const held = await session(facility);
    if (!held) return { status: 0, said: {}, barred: true };
    const headers = { accessToken: held.access_token, tokenId: held.id_token, passwordHash: md5(account(facility).password) };
    const answer = await send(method, vss.base_url + target, headers, form);
    if (answer.status !== 401 && code(answer.said) !== "401") return answer;
    delete sessions[facility];
    if (last) barred.add(facility);
  }
  return { status: 0, said: {}, barred: true };
}

async function ask(facility, target) {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      const answer = await call(facility, "GET", target);
      if (answer.barred) return null;
      if (code(answer.said) === "200") return answer.said;
      if (code(answer.said) && !["408", "500", "10"].includes(code(answer.said))) return null;
    } catch (error) {
      if (!(error instanceof Silence)) throw error;
    }
    await sleep(pause(attempt));
  }
  return null;
}

// ---- tasks

function edition(task) {
  const first = task.tables.XML1?.[0].NGAY_RA ?? task.tables.XML0[0].NGAY_VAO;
  return first < "20250101" ? "4750" : "3176";
}

// After doubt: does the gateway hold this version? One held under a known transaction is another.
async function arrived(task, kind) {
  const query = new URLSearchParams({ maLk: task.ma_lk, loaiHoSo: kind === "checkin" ? "0" : "130", maCSKCB: task.facility });
  const found = value(await ask(task.facility, `/api/vnhealth/ket-qua?${query}`), "maGiaoDich");
  const known = Object.entries(notes).some(([id, note]) => id !== task.id && note.transaction === found);
  if (!found || known) return false;
  keep(task, { state: "pending", transaction: found });
  return true;
}

async function deliver(task, kind) {
  const note = notes[task.id] ?? {};
  if (note.transaction || note.state === "refused") return;
  if (note.state === "sending" && (await arrived(task, kind))) return;
  const target = kind === "checkin"
    ? `/api/qd130/checkInKcb${edition(task) === "4750" ? "Qd4750" : "Qd3176"}`
    : `/api/qd130/guiHoSoXmlQD${edition(task)}`;
  const form = {
    username: account(task.facility).username,
    loaiHoSo: kind === "checkin" ? "0" : "130",
    maTinh: task.facility.slice(0, 2),
    maCSKCB: task.facility,
    fileHSBase64: base64(file(task, kind)),
  };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    keep(task, { state: "sending" });
    try {
      const answer = await call(task.facility, "POST", target, form);
      if (answer.barred) return keep(task, { state: "not_sent" });
      const said = code(answer.said);
      const transaction = value(answer.said, "maGiaoDich");
      if (said === "200" && transaction) return keep(task, { state: "pending", transaction });
      if (said && !["200", "408", "500", "10"].includes(said)) return keep(task, { state: "refused" });
      if (answer.status !== 429 && answer.status !== 503 && (await arrived(task, kind))) return;
      await sleep(answer.wait);
    } catch (error) {
      if (!(error instanceof Silence)) throw error;
      if (error.sent && (await arrived(task, kind))) return;
    }
    await sleep(pause(attempt));
  }
  keep(task, { state: "unknown" });
}

const WORDS = { CHAP_NHAN: "accepted", CHAP_NHAN_CO_CANH_BAO: "accepted_with_warnings", TU_CHOI: "refused", DA_THAY_THE: "replaced" };
const counts = [];

async function settle(until) {
  const files = order.tasks.slice(0, until).filter((task) => task.tables || task.task === "deid");
  for (let look = 0; look < LOOKS; look++) {
    const open = files.filter((task) => notes[task.id]?.state === "pending");
    if (!open.length) return;
    await sleep(LOOK_PAUSE);
    for (const task of open) {
      if (STORES[task.task]) { await lookStore(task); continue; }
      const answer = await ask(task.facility, `/api/vnhealth/ket-qua/${notes[task.id].transaction}`);
      if (value(answer, "trangThai") !== "DA_XU_LY") continue;
      keep(task, { state: WORDS[value(value(answer, "dsHoSo")?.[0], "trangThai")] ?? "unknown" });
    }
  }
}

const lookups = [];

async function lookup(task) {
  const question = { maThe: task.card, hoTen: task.name, ngaySinh: task.birth_date, hoTenCb: task.officer, cccdCb: task.officer_id };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const held = await session(task.facility);
    if (!held) return;
    const who = account(task.facility);
    const query = new URLSearchParams({ token: held.access_token, id_token: held.id_token, username: who.username, password: md5(who.password) });
    try {
      const headers = { "Content-Type": "application/json; charset=utf-8" };
      const { said } = await send("POST", `${vss.base_url}/api/egw/KQNhanLichSuKCB2024?${query}`, headers, JSON.stringify(question));
      if (code(said) && !["10", "408", "500", "501"].includes(code(said))) return lookups.push({ task: task.id, code: code(said) });
    } catch (error) {
      if (!(error instanceof Silence)) throw error;
    }
    await sleep(pause(attempt));
  }
}

async function reconcile(task) {
  const day = task.day.split("-").reverse().join("/");
  const query = new URLSearchParams({ tuNgay: day, denNgay: day });
  const answer = await ask(task.facility, `/api/vnhealth/doi-soat?${query}`);
  for (const row of value(answer, "dsKQGuiHosoNgay") ?? []) {
    counts.push({
      facility: row.maCSKCB, kind: row.loaiHoSo === "0" ? "checkin" : "claim",
      sent: row.tongSo, accepted: row.soHSThanhCong, refused: row.soHSLoi, pending: row.soHSCho,
    });
  }
}

// ---- the repositories and the axis of Hà Nội: JSON, a bearer token, the password in clear text

const STORES = { store: "province", cancel: "province", restore: "province", deid: "national_deid" };
const PATHS = {
  province: { submit: "/api/kham-chua-benh/hoan-tat", status: "/api/kham-chua-benh/ho-so/trang-thai", cancel: "/api/kham-chua-benh/huy-ho-so", restore: "/api/kham-chua-benh/khoi-phuc-ho-so" },
  national_deid: { submit: "/api/ho-so/tiep-nhan", status: "/api/ho-so/trang-thai" },
};
const VERDICTS = { ACCEPTED: "accepted", ACCEPTED_WITH_WARNING: "accepted_with_warnings", REJECTED: "refused", REPLACED: "replaced", CANCELLED: "cancelled" };
const bearers = {};

async function quiet(method, address, headers, body) {
  try {
    return (await send(method, address, headers, body)).said;
  } catch (error) {
    if (!(error instanceof Silence)) throw error;
    return {};
  }
}

async function bearer(gateway, facility) {
  const name = `${gateway} ${facility}`;
  if (!bearers[name]) {
    const { base_url, accounts } = order.gateways[gateway];
    const { username, password } = accounts.find((a) => a.facility === facility);
    const login = gateway === "hanoi" ? "/api/auth/token/take" : "/api/xac-thuc/token";
    const body = JSON.stringify({ username, password, code: facility });
    const said = await quiet("POST", base_url + login, { "Content-Type": "application/json" }, body);
    bearers[name] = said.data?.access_token ?? said.apiKey?.accessToken;
  }
  return bearers[name];
}

async function store(task, call, body, type = "application/json", query = "") {
  const gateway = STORES[task.task];
  for (let again = 0; again < 2; again++) {
    const token = await bearer(gateway, task.facility);
    if (!token) return {};
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": type };
    const said = await quiet(body === undefined ? "GET" : "POST", order.gateways[gateway].base_url + PATHS[gateway][call] + query, headers, body);
    if (said.code !== "UNAUTHORIZED") return said;
    delete bearers[`${gateway} ${task.facility}`];
  }
  return {};
}

// The very same bytes again do no harm at a repository, so a lost answer is simply asked for again.
async function bring(task, body) {
  if (notes[task.id]?.transaction || notes[task.id]?.state === "refused") return;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    keep(task, { state: "sending" });
    const { code: said, data } = await store(task, "submit", body, "application/xml");
    if (["ACCEPTED", "ACCEPTED_WITH_WARNING", "ACCEPTED_DUPLICATE"].includes(said)) {
      return keep(task, { state: "pending", transaction: data.tracking_id });
    }
    if (said && said !== "RATE_LIMITED") return keep(task, { state: "refused" });
    await sleep(pause(attempt));
  }
}

async function withdraw(task, reason) {
  const body = JSON.stringify({ MA_LK: task.ma_lk, MA_CSKCB: task.facility, [reason]: task.reason, MA_YEU_CAU: task.request_id });
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { code: said } = await store(task, task.task, body);
    if (said && said !== "RATE_LIMITED") return;
    await sleep(pause(attempt));
  }
}

async function lookStore(task) {
  const query = "?" + new URLSearchParams({ tracking_id: notes[task.id].transaction });
  const { data } = await store(task, "status", undefined, undefined, query);
  const state = VERDICTS[(data?.items ?? [data])[0]?.status];
  if (state) keep(task, { state });
}

// The least that the de-identified store takes: no date, no place, no person, and no case of HIV.
const WITHHELD = ["B20", "B21", "B22", "B23", "B24", "F02.4", "O98.7", "R75", "Z11.4", "Z20.6", "Z21", "Z71.7"];
const REPORTED = ["GIOI_TINH", "SO_NGAY_DTRI", "MA_LOAI_KCB"];
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function pseudonym(key) {
  const made = crypto.createHmac("sha256", "vnhealth node client").update(key).digest();
  return "A" + Array.from(made.subarray(0, 26), (byte) => BASE32[byte & 31]).join("");
}

function pseudonymised(task) {
  const claims = order.tasks.filter((t) => t.task === "claim" && task.ma_lk.includes(t.ma_lk)).map((t) => t.tables);
  const kept = claims.filter(({ XML1: [row], XML6 }) => {
    const codes = [row.MA_BENH_CHINH ?? "", ...(row.MA_BENH_KT ?? "").split(";")];
    return !XML6 && !codes.some((found) => WITHHELD.some((start) => found.startsWith(start)));
  });
  const policy = crypto.createHash("sha256").update(REPORTED.join(" ")).digest("hex");
  const records = kept.map(({ XML1: [row] }) => {
    const cells = REPORTED.filter((tag) => row[tag]).map((tag) => `<${tag}>${row[tag]}</${tag}>`).join("");
    return `<HOSO><MA_LK>${pseudonym(row.MA_LK)}</MA_LK><XML1>${cells}</XML1></HOSO>`;
  });
  return `<VNHEALTH_DEID><PHIEN_BAN>1</PHIEN_BAN><NHAN>pseudonymised</NHAN><MA_CSKCB>${task.facility}</MA_CSKCB>` +
    `<CHINH_SACH>${policy}</CHINH_SACH><SO_LUONG>${kept.length}</SO_LUONG>${records.join("")}</VNHEALTH_DEID>`;
}

// Each file of a batch has a result of its own; only those that were not taken go again.
async function axis(task) {
  const { base_url } = order.gateways.hanoi;
  const files = task.files.map((one) => ({ ...one, facility: task.facility }));
  const headers = async () => ({ Authorization: `Bearer ${await bearer("hanoi", task.facility)}`, "Content-Type": "application/json" });
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const left = files.filter((one) => !notes[one.id]?.transaction);
    if (!left.length) break;
    const body = JSON.stringify({ loaiHoSo: "3176", maTinh: "HN", maCSKCB: task.facility, files: left.map((one) => base64(file(one, "claim"))) });
    const said = await quiet("POST", base_url + "/api/kcb/xml/qd3176/guiHoSoXml", await headers(), body);
    left.forEach((one, index) => {
      const transaction = said.fileResults?.[index]?.maGiaoDich;
      keep(one, transaction ? { state: "pending", transaction } : { state: "sending" });
    });
    await sleep(pause(attempt));
  }
  for (let look = 0; look < LOOKS; look++) {
    const open = files.filter((one) => notes[one.id]?.state === "pending");
    if (!open.length) return;
    await sleep(LOOK_PAUSE);
    for (const one of open) {
      const said = await quiet("GET", `${base_url}/api/kcb/tra-cuu-trang-thai/${notes[one.id].transaction}`, await headers());
      if (said.trangThai === "DA_XU_LY") keep(one, { state: WORDS[said.dsHoSo?.[0]?.trangThai] ?? "unknown" });
    }
  }
}

for (const [index, task] of order.tasks.entries()) {
  if (task.task === "lookup") await lookup(task);
  else if (task.task === "checkin") await deliver(task, "checkin");
  else if (task.task === "claim" || task.task === "correct") await deliver(task, "claim");
  else if (task.task === "settle") await settle(index);
  else if (task.task === "reconcile") await reconcile(task);
  else if (task.task === "store") await bring(task, file(task, "claim"));
  else if (task.task === "cancel") await withdraw(task, "LY_DO_HUY");
  else if (task.task === "restore") await withdraw(task, "LY_DO");
  else if (task.task === "deid") await bring(task, pseudonymised(task));
  else if (task.task === "axis") await axis(task);
}
const sent = order.tasks.flatMap((task) => (task.tables ? [task] : task.files ?? []));
const records = sent.map((task) => ({
  task: task.id, ma_lk: task.ma_lk, state: notes[task.id]?.state ?? "not_sent", transaction: notes[task.id]?.transaction ?? "",
}));
fs.writeFileSync(path.join(folder, "results.json"), JSON.stringify({ schema: "vnhealth-results/1", records, counts, lookups }));
lines.close();
process.stdin.destroy();
