// A small hospital client of the insurance gateway for Node.js, without any package.
// It does the work order of `vnhealth certify`: node his.mjs FOLDER
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const folder = process.argv[2];
const order = JSON.parse(fs.readFileSync(path.join(folder, "work-order.json"), "utf8"));
const vss = order.gateways.vss;
const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

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
  const now = new Date(Date.now() + clockAhead + 7 * 3600 * 1000);
  return now.toISOString().slice(0, 10).replace(/-/g, "");
}

function file(task, kind) {
  if (kind === "checkin") {
    const body = table("XML0", task.tables.XML0);
    const root = LAYOUT.XML0[0];
    return sign(body.replace(`</${root}>`, `<CHUKYDONVI></CHUKYDONVI></${root}>`), "", task.facility);
  }
  const parts = Object.keys(task.tables)
    .sort((a, b) => a.slice(3) - b.slice(3))
    .map((name) => `<FILEHOSO><LOAIHOSO>${name}</LOAIHOSO><NOIDUNGFILE>${base64(DECLARATION + table(name, task.tables[name]))}</NOIDUNGFILE></FILEHOSO>`)
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

let clockAhead = Date.parse(order.now) - Date.now();
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
      method, headers, body: typeof form === "object" ? new URLSearchParams(form) : form, signal: AbortSignal.timeout(8000),
    });
    text = await answer.text();
  } catch (error) {
    throw new Silence(error.cause?.code !== "ECONNREFUSED");
  }
  const date = Date.parse(answer.headers.get("date") || "");
  if (date) clockAhead = date - Date.now();
  let said = null;
  try { said = JSON.parse(text.replace(/^\ufeff/, "")); } catch { /* no JSON: nothing is known */ }
  return { status: answer.status, said: said !== null && typeof said === "object" ? said : {}, wait: Number(answer.headers.get("retry-after")) || 0 };
}

async function session(facility) {
  if (barred.has(facility)) return null;
  const held = sessions[facility];
  if (held && Date.now() < held.until) return held;
  const who = account(facility);
  for (let attempt = 0; attempt < 6; attempt++) {
    try {
      const { said } = await send("POST", vss.base_url + "/api/token/take", {}, { username: who.username, password: md5(who.password) });
      const key = value(said, "APIKey");
      if (key?.access_token) {
        const told = String(key.expires_in ?? "");
        let life = /^\d+$/.test(told) ? told * 1000 : Date.parse(told) - (Date.now() + clockAhead);
        if (!(life > 0)) life = 50 * 60 * 1000;
        return (sessions[facility] = { ...key, until: Date.now() + life - Math.min(60000, life / 2) });
      }
      if (["401", "402", "403"].includes(code(said))) break;
    } catch (error) {
      if (!(error instanceof Silence)) throw error;
    }
    await sleep(0.3 * 2 ** attempt);
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
  for (let attempt = 0; attempt < 8; attempt++) {
    try {
      const answer = await call(facility, "GET", target);
      if (answer.barred) return null;
      if (code(answer.said) === "200") return answer.said;
      if (code(answer.said) && !["408", "500", "10"].includes(code(answer.said))) return null;
    } catch (error) {
      if (!(error instanceof Silence)) throw error;
    }
    await sleep(0.3 * 2 ** attempt);
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
  for (let attempt = 0; attempt < 8; attempt++) {
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
    await sleep(0.3 * 2 ** attempt);
  }
  keep(task, { state: "unknown" });
}

const WORDS = { CHAP_NHAN: "accepted", CHAP_NHAN_CO_CANH_BAO: "accepted_with_warnings", TU_CHOI: "refused", DA_THAY_THE: "replaced" };
const counts = [];

async function settle(until) {
  const files = order.tasks.slice(0, until).filter((task) => task.tables);
  for (let look = 0; look < 60; look++) {
    const open = files.filter((task) => notes[task.id]?.state === "pending");
    if (!open.length) return;
    await sleep(1.1);
    for (const task of open) {
      const answer = await ask(task.facility, `/api/vnhealth/ket-qua/${notes[task.id].transaction}`);
      if (value(answer, "trangThai") !== "DA_XU_LY") continue;
      keep(task, { state: WORDS[value(value(answer, "dsHoSo")?.[0], "trangThai")] ?? "unknown" });
    }
  }
}

const lookups = [];

async function lookup(task) {
  const question = { maThe: task.card, hoTen: task.name, ngaySinh: task.birth_date, hoTenCb: task.officer, cccdCb: task.officer_id };
  for (let attempt = 0; attempt < 8; attempt++) {
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
    await sleep(0.3 * 2 ** attempt);
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

for (const [index, task] of order.tasks.entries()) {
  if (task.task === "lookup") await lookup(task);
  else if (task.task === "checkin") await deliver(task, "checkin");
  else if (task.task === "claim" || task.task === "correct") await deliver(task, "claim");
  else if (task.task === "settle") await settle(index);
  else if (task.task === "reconcile") await reconcile(task);
}
const records = order.tasks.filter((task) => task.tables).map((task) => ({
  task: task.id, ma_lk: task.ma_lk, state: notes[task.id]?.state ?? "not_sent", transaction: notes[task.id]?.transaction ?? "",
}));
fs.writeFileSync(path.join(folder, "results.json"), JSON.stringify({ schema: "vnhealth-results/1", records, counts, lookups }));
