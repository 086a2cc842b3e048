// Gửi một hồ sơ tới cổng BHYT (môi trường thử) / Send one claim file to the insurance gateway (sandbox).
// dotnet run ready.json claim.xml                 (.NET 8, không cần gói ngoài / no package)

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using var ready = JsonDocument.Parse(await File.ReadAllTextAsync(args[0]));
var account = ready.RootElement.GetProperty("vss");
string Text(string name) => account.GetProperty(name).GetString()!;

string address = Text("base_url"), user = Text("username"), facility = Text("facility");
string hash = Convert.ToHexString(MD5.HashData(Encoding.UTF8.GetBytes(Text("password"))));
using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };

// 1. Đăng nhập: mật khẩu là MD5 viết hoa / log in: the password is an upper-case MD5
var login = await Call(HttpMethod.Post, "/api/token/take", new() { ["username"] = user, ["password"] = hash });
var key = login.GetProperty("APIKey");
http.DefaultRequestHeaders.Add("accessToken", key.GetProperty("access_token").GetString());
http.DefaultRequestHeaders.Add("tokenId", key.GetProperty("id_token").GetString());
http.DefaultRequestHeaders.Add("passwordHash", hash);

// 2. Gửi; FormUrlEncodedContent mã hoá "+" của Base64 / send; FormUrlEncodedContent encodes "+" of Base64
var receipt = await Call(HttpMethod.Post, "/api/qd130/guiHoSoXmlQD3176", new()
{
    ["username"] = user,
    ["loaiHoSo"] = "130",
    ["maTinh"] = facility[..2],
    ["maCSKCB"] = facility,
    ["fileHSBase64"] = Convert.ToBase64String(await File.ReadAllBytesAsync(args[1])),
});
string transaction = receipt.GetProperty("maGiaoDich").GetString()!;

// 3. Hỏi kết quả cho tới khi xử lý xong / ask until there is a verdict
for (int look = 0; look < 60; look++)
{
    var result = await Call(HttpMethod.Get, "/api/vnhealth/ket-qua/" + transaction, null);
    if (result.GetProperty("trangThai").GetString() == "DA_XU_LY")
    {
        var states = result.GetProperty("dsHoSo").EnumerateArray().Select(r => r.GetProperty("trangThai").GetString());
        Console.WriteLine($"{transaction} {string.Join(' ', states)}");
        return 0;
    }
    await Task.Delay(500);
}
Console.Error.WriteLine("chưa có kết quả / no verdict yet");
return 1;

async Task<JsonElement> Call(HttpMethod method, string path, Dictionary<string, string>? form)
{
    using var request = new HttpRequestMessage(method, address + path);
    if (form is not null) request.Content = new FormUrlEncodedContent(form);
    using var answer = await http.SendAsync(request);
    using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
    // Kết quả nằm trong thân, có khi là chuỗi, có khi là số / the verdict is in the body, text or number
    var code = body.RootElement.GetProperty("maKetQua").ToString();
    if (code != "200") throw new InvalidOperationException("maKetQua " + code);
    return body.RootElement.Clone();
}
