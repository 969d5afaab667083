<?php
// A must-use plugin: what the blog offers and prints by its options, and no word to the world.

add_filter('pre_http_request', fn () => new WP_Error('offline', 'No request leaves the blog.'));

if (!function_exists('wp_mail')) {
    function wp_mail()
    {
        return true;
    }
}

$without = (array) get_option('without', []);

// Each as the plugins of that purpose do it ("Disable REST API", "Disable Feeds").
if (in_array('rest', $without, true)) {
    add_filter('rest_authentication_errors', function () {
        return new WP_Error('rest_cannot_access', 'Only authenticated users.', ['status' => 401]);
    });
    remove_action('wp_head', 'rest_output_link_wp_head');
    remove_action('template_redirect', 'rest_output_link_header', 11);
}
if (in_array('sitemaps', $without, true)) {
    add_filter('wp_sitemaps_enabled', '__return_false');
}
if (in_array('feeds', $without, true)) {
    foreach (['do_feed', 'do_feed_rdf', 'do_feed_rss', 'do_feed_rss2', 'do_feed_atom'] as $feed) {
        add_action($feed, fn () => wp_die('No feed is available.', '', ['response' => 404]), 1);
    }
    remove_action('wp_head', 'feed_links', 2);
    remove_action('wp_head', 'feed_links_extra', 3);
}

// Lists of posts show the whole posts: a setting of the classic theme, an edited template of a
// block theme.
if (get_option('full_posts')) {
    add_filter('theme_mod_display_excerpt_or_full_post', fn () => 'full');
    add_filter('render_block_core/post-excerpt', function ($excerpt, $parsed, WP_Block $block) {
        return render_block_core_post_content([], '', $block);
    }, 10, 3);
}

if (!get_option('plugins')) {
    return;
}

// From here: what a blog hosted at wordpress.com prints around posts and comments. The links lead
// back to the same page, and are traps for crawlers.

add_filter('the_content', fn ($content) => is_feed() ? $content : $content . share_rows(), 19);
add_filter('comment_text', function ($text, $comment = null) {
    return is_feed() || $comment === null ? $text : $text . like_row($comment);
}, 31, 2);

add_action('wp_head', function () {
    if (is_singular()) {
        printf('<link rel="amphtml" href="%s" />' . "\n", esc_url(add_query_arg('amp', '1', get_permalink())));
    }
});

add_action('comment_form_before', function () {
    printf(
        '<p class="trackback">Post a <a href="#respond">comment</a> or leave a trackback: '
        . '<a href="%s" rel="trackback">Trackback URL</a>.</p>',
        esc_url(get_trackback_url())
    );
});

add_action('comment_form_top', function () {
    echo '<p>Fill in your details below or click an icon to log in:</p>';
    foreach (['WordPress.com' => 'Logo', 'Twitter' => 'picture', 'Facebook' => 'photo'] as $name => $image) {
        echo "<div class=\"comment-form-service\"><img alt=\"$name $image\" src=\"data:,\" />"
            . "<p>You are commenting using your $name account. "
            . '( <a href="#logout">Log&nbsp;Out</a> / <a href="#change">Change</a> )</p></div>';
    }
    echo '<p>Connecting to %s</p>';
});

add_action('dynamic_sidebar_after', fn () => get_calendar());

add_action('wp_footer', function () {
    echo '<div class="wpl-likebox"><div>%d bloggers like this:</div></div>';
});

function share_rows(): string
{
    $address = get_permalink();
    $services = '';
    foreach (['twitter' => 'Twitter', 'facebook' => 'Facebook', 'email' => 'Email', 'print' => 'Print'] as $key => $name) {
        $services .= "<li class=\"share-$key\"><a rel=\"nofollow\" class=\"share-$key sd-button share-icon\" "
            . 'href="' . esc_url(add_query_arg(['share' => $key, 'nb' => '1'], $address)) . '" '
            . "title=\"Click to share on $name\"><span>$name</span></a></li>";
    }
    return '<div id="jp-post-flair" class="sharedaddy sd-like-enabled sd-sharing-enabled">'
        . '<div class="sharedaddy sd-sharing-enabled"><div class="robots-nocontent sd-block sd-social sd-sharing">'
        . '<h3 class="sd-title">Share this:</h3><div class="sd-content"><ul>' . $services
        . '<li class="share-end"></li></ul></div></div></div>'
        . '<div class="sharedaddy sd-block sd-like"><h3 class="sd-title">Like this:</h3>'
        . '<div class="likes-widget-placeholder"><span class="button"><span>Like</span></span> '
        . '<span class="loading">Loading...</span></div></div></div>';
}

function like_row(WP_Comment $comment): string
{
    $link = add_query_arg(
        ['like_comment' => $comment->comment_ID, '_wpnonce' => '0123456789'],
        get_permalink($comment->comment_post_ID)
    );
    return '<p class="comment-likes comment-not-liked"><a class="comment-like-link" href="'
        . esc_url($link) . '">Like</a></p>';
}
