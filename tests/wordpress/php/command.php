<?php
// Does one thing to the blog: `php command.php HOST:PORT < command.json`, from the blog's folder.
// The command is an object, {"do": "create", "posts": [...]}; the result is printed as JSON.

[, $host] = $argv;
$command = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);

$_SERVER += ['HTTP_HOST' => $host, 'SERVER_NAME' => $host, 'REQUEST_METHOD' => 'GET'];
$_SERVER += ['REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REMOTE_ADDR' => '127.0.0.1'];
if ($command['do'] === 'install') {
    define('WP_INSTALLING', true);
}
require getcwd() . '/wp-load.php';

if ($command['do'] !== 'install') {
    // The owner writes: nothing is filtered out of what he types.
    wp_set_current_user(1);
    kses_remove_filters();
}

echo json_encode(match ($command['do']) {
    'install' => install($command['title']),
    'configure' => configure($command),
    'create' => create($command['posts']),
    'empty' => remove_all(),
    'addresses' => array_map('get_permalink', $command['ids']),
});

function install(string $title): bool
{
    require_once ABSPATH . 'wp-admin/includes/upgrade.php';
    wp_install($title, 'owner', 'owner@blog.example', true, '', 'owner');
    return remove_all();
}

function configure(array $command): bool
{
    global $wp_rewrite;
    foreach ($command['options'] as $name => $value) {
        update_option($name, $value);
    }
    if ($command['theme'] !== null) {
        if (!wp_get_theme($command['theme'])->exists()) {
            throw new RuntimeException("no theme {$command['theme']}");
        }
        switch_theme($command['theme']);
    }
    if ($command['permalinks'] !== null) {
        $wp_rewrite->set_permalink_structure($command['permalinks']);
        // Made again by the next request: taxonomies took their rules from the old structure.
        delete_option('rewrite_rules');
    }
    return true;
}

/** IDs of the new posts, in order. */
function create(array $posts): array
{
    global $wpdb;
    require_once ABSPATH . 'wp-admin/includes/taxonomy.php';
    wp_defer_term_counting(true);
    wp_defer_comment_counting(true);
    $wpdb->query('SET autocommit = 0');
    $ids = array_map('create_post', $posts);
    $wpdb->query('COMMIT');
    wp_defer_comment_counting(false);
    wp_defer_term_counting(false);
    $wpdb->query('COMMIT');
    return $ids;
}

function create_post(array $post): int
{
    $id = wp_insert_post(wp_slash([
        'post_title' => $post['title'],
        'post_content' => $post['content'],
        'post_date' => $post['date'],
        'post_name' => $post['slug'],
        'post_status' => $post['status'],
        'post_password' => $post['password'],
        'post_type' => $post['kind'],
        'post_category' => array_map('wp_create_category', $post['categories']),
        'post_author' => 1,
    ]), true);
    if (is_wp_error($id)) {
        throw new RuntimeException("{$post['title']}: {$id->get_error_message()}");
    }
    create_comments($id, 0, $post['comments']);
    return $id;
}

function create_comments(int $post, int $parent, array $comments): void
{
    foreach ($comments as $comment) {
        $id = wp_insert_comment(wp_slash([
            'comment_post_ID' => $post,
            'comment_parent' => $parent,
            'comment_content' => $comment['content'],
            'comment_author' => $comment['author'],
            'comment_author_url' => $comment['url'],
            'comment_type' => $comment['kind'],
            'comment_date' => $comment['date'],
            'comment_approved' => 1,
        ]));
        create_comments($post, $id, $comment['replies']);
    }
}

/** The next post is number 1 again. */
function remove_all(): bool
{
    global $wpdb;
    $tables = [$wpdb->posts, $wpdb->postmeta, $wpdb->comments, $wpdb->commentmeta];
    foreach ([...$tables, $wpdb->term_relationships] as $table) {
        $wpdb->query("TRUNCATE $table");
    }
    $wpdb->query("UPDATE $wpdb->term_taxonomy SET count = 0");
    foreach (get_categories(['hide_empty' => false]) as $category) {
        wp_delete_term($category->term_id, 'category');
    }
    return true;
}
