// Gửi một hồ sơ tới cổng BHYT (môi trường thử) / Send one claim file to the insurance gateway (sandbox).
// Cùng một mã nguồn (C# 5, không gói ngoài) cho .NET Framework 4.5+, mono và .NET 8
// The same source (C# 5, no package) for .NET Framework 4.5 and later, mono and .NET 8:
//   dotnet run --project examples/csharp -- ready.json claim.xml
//   mcs -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml.Linq SendClaim.cs
//   mono SendClaim.exe ready.json claim.xml

using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Xml;
using System.Xml.Linq;

public static class SendClaim
{
    private static readonly HttpClient Http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
    private static string address;

    public static int Main(string[] args)
    {
#if !NET5_0_OR_GREATER
        // .NET Framework cũ chỉ mở TLS 1.0 / an old .NET Framework opens TLS 1.0 only
        ServicePointManager.SecurityProtocol |= SecurityProtocolType.Tls12;
#endif
        XElement account = Json(File.ReadAllBytes(args[0])).Element("vss");
        address = Text(account, "base_url");
        string user = Text(account, "username"), facility = Text(account, "facility");
        string hash = Md5(Text(account, "password"));

        // 1. Đăng nhập: mật khẩu là MD5 viết hoa / log in: the password is an upper-case MD5
        XElement key = Call("/api/token/take", Form("username", user, "password", hash)).Element("APIKey");
        Http.DefaultRequestHeaders.Add("accessToken", Text(key, "access_token"));
        Http.DefaultRequestHeaders.Add("tokenId", Text(key, "id_token"));
        Http.DefaultRequestHeaders.Add("passwordHash", hash);

        // 2. Gửi tệp / send the file
        string file = Convert.ToBase64String(File.ReadAllBytes(args[1]));
        XElement receipt = Call("/api/qd130/guiHoSoXmlQD3176", Form(
            "username", user,
            "loaiHoSo", "130",
            "maTinh", facility.Substring(0, 2),
            "maCSKCB", facility,
            "fileHSBase64", file));
        string transaction = Text(receipt, "maGiaoDich");

        // 3. Hỏi kết quả cho tới khi xử lý xong / ask until there is a verdict
        for (int look = 0; look < 60; look++)
        {
            XElement result = Call("/api/vnhealth/ket-qua/" + transaction, null);
            if (Text(result, "trangThai") == "DA_XU_LY")
            {
                var states = result.Element("dsHoSo").Elements().Select(r => Text(r, "trangThai"));
                Console.WriteLine(transaction + " " + string.Join(" ", states));
                return 0;
            }
            Thread.Sleep(500);
        }
        Console.Error.WriteLine("chưa có kết quả / no verdict yet");
        return 1;
    }

    private static XElement Call(string path, HttpContent form)
    {
        var answer = form == null ? Http.GetAsync(address + path) : Http.PostAsync(address + path, form);
        XElement body = Json(answer.Result.Content.ReadAsByteArrayAsync().Result);
        // Kết quả nằm trong thân, có khi là chuỗi, có khi là số / the verdict is in the body, text or number
        string code = Text(body, "maKetQua");
        if (code != "200") throw new InvalidOperationException("maKetQua " + code);
        return body;
    }

    // FormUrlEncodedContent của .NET Framework không nhận quá 65.520 ký tự; "+" của Base64 phải thành %2B
    // FormUrlEncodedContent of .NET Framework takes no more than 65,520 characters; "+" of Base64 must be %2B
    private static HttpContent Form(params string[] pairs)
    {
        var body = new StringBuilder();
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (i > 0) body.Append('&');
            body.Append(pairs[i]).Append('=');
            body.Append(pairs[i + 1].Replace("+", "%2B").Replace("/", "%2F").Replace("=", "%3D"));
        }
        return new StringContent(body.ToString(), Encoding.ASCII, "application/x-www-form-urlencoded");
    }

    private static XElement Json(byte[] text)
    {
        using (var reader = JsonReaderWriterFactory.CreateJsonReader(text, XmlDictionaryReaderQuotas.Max))
            return XElement.Load(reader);
    }

    private static string Text(XElement value, string name)
    {
        return value.Element(name).Value;
    }

    private static string Md5(string text)
    {
        using (var md5 = MD5.Create())
            return BitConverter.ToString(md5.ComputeHash(Encoding.UTF8.GetBytes(text))).Replace("-", "");
    }
}
