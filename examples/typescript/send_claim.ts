// Gửi một hồ sơ tới cổng BHYT (môi trường thử) / Send one claim file to the insurance gateway (sandbox).
// npx tsc -p . && node send_claim.js ready.json claim.xml   (Node 18, không cần thư viện / no library)

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

interface Account {
  base_url: string;
  username: string;
  password: string;
  facility: string;
}

interface Answer {
  maKetQua: string | number;
  APIKey?: { access_token: string; id_token: string };
  maGiaoDich?: string;
  trangThai?: string;
  dsHoSo?: { maLk: string; trangThai: string }[];
}

async function call(url: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  const value = JSON.parse(await answer.text()) as Answer;
  // Kết quả nằm trong thân, có khi là chuỗi, có khi là số / the verdict is in the body, text or number
  if (String(value.maKetQua) !== "200") throw new Error(`maKetQua ${value.maKetQua}`);
  return value;
}

async function main(ready: string, file: string): Promise<void> {
  const account = JSON.parse(readFileSync(ready, "utf8")).vss as Account;
  const base = account.base_url;
  const hash = createHash("md5").update(account.password, "utf8").digest("hex").toUpperCase();

  // 1. Đăng nhập / log in
  const login = await call(`${base}/api/token/take`, {
    method: "POST",
    body: new URLSearchParams({ username: account.username, password: hash }),
  });
  if (!login.APIKey) throw new Error("không có phiên / no session");
  const session = {
    accessToken: login.APIKey.access_token,
    tokenId: login.APIKey.id_token,
    passwordHash: hash,
  };

  // 2. Gửi / send
  const receipt = await call(`${base}/api/qd130/guiHoSoXmlQD3176`, {
    method: "POST",
    headers: session,
    body: new URLSearchParams({
      username: account.username,
      loaiHoSo: "130",
      maTinh: account.facility.slice(0, 2),
      maCSKCB: account.facility,
      fileHSBase64: readFileSync(file).toString("base64"),
    }),
  });

  // 3. Hỏi kết quả / ask for the verdict
  for (let look = 0; look < 60; look++) {
    const result = await call(`${base}/api/vnhealth/ket-qua/${receipt.maGiaoDich}`, { headers: session });
    if (result.trangThai === "DA_XU_LY") {
      console.log(receipt.maGiaoDich, ...(result.dsHoSo ?? []).map((record) => record.trangThai));
      return;
    }
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error("chưa có kết quả / no verdict yet");
}

const [ready, file] = process.argv.slice(2);
if (ready === undefined || file === undefined) throw new Error("send_claim ready.json claim.xml");
main(ready, file).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
