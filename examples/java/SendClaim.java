// Gửi một hồ sơ tới cổng BHYT (môi trường thử) / Send one claim file to the insurance gateway (sandbox).
// java SendClaim.java ready.json claim.xml        (Java 17, không cần thư viện / no library)

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

public class SendClaim {
    static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    public static void main(String[] args) throws Exception {
        String ready = Files.readString(Path.of(args[0]));
        String vss = ready.substring(ready.indexOf("\"vss\""));
        String base = text(vss, "base_url");
        String user = text(vss, "username");
        String hash = md5(text(vss, "password"));
        String facility = text(vss, "facility");

        // 1. Đăng nhập: mật khẩu là MD5 viết hoa / log in: the password is an upper-case MD5
        String login = post(base + "/api/token/take", Map.of("username", user, "password", hash), Map.of());
        expect(login, "200");
        Map<String, String> session = Map.of(
            "accessToken", text(login, "access_token"),
            "tokenId", text(login, "id_token"),
            "passwordHash", hash);

        // 2. Gửi: "+" của Base64 phải được mã hoá phần trăm / send: "+" of Base64 is percent-encoded
        Map<String, String> form = new LinkedHashMap<>();
        form.put("username", user);
        form.put("loaiHoSo", "130");
        form.put("maTinh", facility.substring(0, 2));
        form.put("maCSKCB", facility);
        form.put("fileHSBase64", Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(args[1]))));
        String receipt = post(base + "/api/qd130/guiHoSoXmlQD3176", form, session);
        expect(receipt, "200");                          // đã nhận, chưa phải chấp nhận / received, not accepted
        String transaction = text(receipt, "maGiaoDich");

        // 3. Hỏi kết quả cho tới khi xử lý xong / ask until there is a verdict
        for (int look = 0; look < 60; look++) {
            String result = get(base + "/api/vnhealth/ket-qua/" + transaction, session);
            expect(result, "200");
            if ("DA_XU_LY".equals(text(result, "trangThai"))) {
                System.out.println(transaction + " " + states(result));
                return;
            }
            Thread.sleep(500);
        }
        throw new IllegalStateException("chưa có kết quả / no verdict yet");
    }

    static String post(String url, Map<String, String> form, Map<String, String> headers) throws Exception {
        String body = form.entrySet().stream()
            .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(body));
        headers.forEach(request::header);
        return HTTP.send(request.build(), BodyHandlers.ofString()).body();
    }

    static String get(String url, Map<String, String> headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(30));
        headers.forEach(request::header);
        return HTTP.send(request.build(), BodyHandlers.ofString()).body();
    }

    /** Kết quả nằm trong thân, không nằm ở mã HTTP / the verdict is in the body, not in the HTTP status. */
    static void expect(String body, String code) {
        if (!code.equals(text(body, "maKetQua"))) {
            throw new IllegalStateException("maKetQua " + text(body, "maKetQua"));
        }
    }

    static String states(String result) {
        return Pattern.compile("\"trangThai\"\\s*:\\s*\"([^\"]*)\"").matcher(result).results()
            .map(m -> m.group(1)).skip(1).collect(Collectors.joining(" "));
    }

    /** Giá trị chuỗi đầu tiên của một khoá; chương trình thật nên dùng thư viện JSON. */
    static String text(String json, String key) {
        var found = Pattern.compile("\"" + key + "\"\\s*:\\s*\"?([^\",}]*)").matcher(json);
        return found.find() ? found.group(1) : "";
    }

    static String md5(String text) throws Exception {
        byte[] digest = MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().withUpperCase().formatHex(digest);
    }
}
