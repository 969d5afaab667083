<?php
// What a web server does before WordPress: files as they are, all else by index.php.

$root = $_SERVER['DOCUMENT_ROOT'];
$path = rawurldecode((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$script = is_dir($root . $path) ? rtrim($path, '/') . '/index.php' : $path;

if (is_file($root . $path) && !str_ends_with($path, '.php')) {
    return false;
}

register_shutdown_function(function () use ($root) {
    $line = "{$_SERVER['REQUEST_METHOD']} {$_SERVER['REQUEST_URI']} " . http_response_code() . "\n";
    file_put_contents(dirname($root) . '/requests.log', $line, FILE_APPEND | LOCK_EX);
});

if (!is_file($root . $script)) {
    // Apache knows of pretty permalinks by that file.
    if (!is_file("$root/.htaccess")) {
        http_response_code(404);
        echo '<h1>Not Found</h1>';
        return true;
    }
    $script = '/index.php';
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $script;
$_SERVER['SCRIPT_FILENAME'] = $root . $script;
unset($_SERVER['PATH_INFO']);
chdir(dirname($root . $script));
require $root . $script;
