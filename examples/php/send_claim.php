<?php
// Gửi một hồ sơ tới cổng BHYT (môi trường thử) / Send one claim file to the insurance gateway (sandbox).
// php send_claim.php ready.json claim.xml         (PHP 8, không cần thư viện / no library)

declare(strict_types=1);

function call(string $method, string $url, array $headers = [], string $body = ''): array
{
    $context = stream_context_create(['http' => [
        'method' => $method,
        'header' => implode("\r\n", $headers),
        'content' => $body,
        'timeout' => 30,
        'ignore_errors' => true,
    ]]);
    $answer = file_get_contents($url, false, $context);
    if ($answer === false) {
        throw new RuntimeException('không có trả lời / no answer');
    }
    $value = json_decode($answer, true, 32, JSON_THROW_ON_ERROR);
    // Kết quả nằm trong thân, có khi là chuỗi, có khi là số / the verdict is in the body, text or number
    if ((string) ($value['maKetQua'] ?? '') !== '200') {
        throw new RuntimeException('maKetQua ' . ($value['maKetQua'] ?? '?'));
    }
    return $value;
}

[, $ready, $file] = $argv;
$account = json_decode(file_get_contents($ready), true, 32, JSON_THROW_ON_ERROR)['vss'];
$base = $account['base_url'];
$hash = strtoupper(md5($account['password']));
$form = ['Content-Type: application/x-www-form-urlencoded'];

// 1. Đăng nhập / log in
$body = http_build_query(['username' => $account['username'], 'password' => $hash]);
$key = call('POST', "$base/api/token/take", $form, $body)['APIKey'];
$session = [
    "accessToken: {$key['access_token']}",
    "tokenId: {$key['id_token']}",
    "passwordHash: $hash",
];

// 2. Gửi / send
$body = http_build_query([
    'username' => $account['username'],
    'loaiHoSo' => '130',
    'maTinh' => substr($account['facility'], 0, 2),
    'maCSKCB' => $account['facility'],
    'fileHSBase64' => base64_encode(file_get_contents($file)),
]);
$receipt = call('POST', "$base/api/qd130/guiHoSoXmlQD3176", [...$form, ...$session], $body);
$transaction = $receipt['maGiaoDich'];

// 3. Hỏi kết quả / ask for the verdict
for ($look = 0; $look < 60; $look++) {
    $result = call('GET', "$base/api/vnhealth/ket-qua/$transaction", $session);
    if ($result['trangThai'] === 'DA_XU_LY') {
        echo $transaction, ' ', implode(' ', array_column($result['dsHoSo'], 'trangThai')), "\n";
        exit(0);
    }
    usleep(500_000);
}
throw new RuntimeException('chưa có kết quả / no verdict yet');
