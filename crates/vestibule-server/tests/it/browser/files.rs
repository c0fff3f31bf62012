//! Keeping files with a real browser.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use vestibule_testkit::{
    chromium::{Look, Tab, browse, keys},
    site::{Place, Site},
    visitors::{App, Visitor as _, request},
    wait,
};

use super::{
    is_content, note_cookies,
    pages::{LOOKS, look_at, pictures},
    sign_in,
};
use crate::test_app::{PASSWORD, create_user, place, serve, serve_again};

/// Of the file that is sent while the connection breaks.
const SIZE: usize = 6 * 1024 * 1024;
/// A picture of 32 by 32 pixels.
const PICTURE: &str = "\
    iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAHiUlEQVR42g3NscZyAQAA0P9xvqWlpaWlpaWlpeUsLS0tLS2XFCUu\
    KUpcUpS4pChxSVHiEhERvc/feYHz7y+QCWQDuUA+UAgUA6VAOVAJCFQDtUA90Ag0A0GgHegFwsAwMAlEgXlgFYgD28AhkATOgVsg\
    Dfz7a8m0ZFtyLfmWQkuxpdRSbqm0aKm21FrqLY2WZkvQ0m7ptYQtw5ZJS9Qyb1m1xC3blkNL0nJuubWkrV/QkenIduQ68h2FjmJH\
    qaPcUenQUe2oddQ7Gh3NjqCj3dHrCDuGHZOOqGPeseqIO7Ydh46k49xx60g7v6Ar05XtynXluwpdxa5SV7mr0qWr2lXrqnc1uppd\
    QVe7q9cVdg27Jl1R17xr1RV3bbsOXUnXuevWlXZ/QV+mL9uX68v3FfqKfaW+cl+lT1+1r9ZX72v0NfuCvnZfry/sG/ZN+qK+ed+q\
    L+7b9h36kr5z360v7f+CUCaUDeVC+VAhVAyVQuVQJSRUDdVC9VAj1AwFoXaoFwpDw9AkFIXmoVUoDm1Dh1ASOoduoTT8BQOZgexA\
    biA/UBgoDpQGygOVAQPVgdpAfaAx0BwIBtoDvYFwYDgwGYgG5gOrgXhgO3AYSAbOA7eBdPALRjIj2ZHcSH6kMFIcKY2URyojRqoj\
    tZH6SGOkORKMtEd6I+HIcGQyEo3MR1Yj8ch25DCSjJxHbiPp6BeMZcayY7mx/FhhrDhWGiuPVcaMVcdqY/WxxlhzLBhrj/XGwrHh\
    2GQsGpuPrcbise3YYSwZO4/dxtLxL5jKTGWnclP5qcJUcao0VZ6qTJmqTtWm6lONqeZUMNWe6k2FU8OpyVQ0NZ9aTcVT26nDVDJ1\
    nrpNpdNfEMlEspFcJB8pRIqRUqQcqUREqpFapB5pRJqRINKO9CJhZBiZRKLIPLKKxJFt5BBJIufILZJGv2AmM5Odyc3kZwozxZnS\
    THmmMmOmOlObqc80ZpozwUx7pjcTzgxnJjPRzHxmNRPPbGcOM8nMeeY2k85+wUJmIbuQW8gvFBaKC6WF8kJlwUJ1obZQX2gsNBeC\
    hfZCbyFcGC5MFqKF+cJqIV7YLhwWkoXzwm0hXfyCpcxSdim3lF8qLBWXSkvlpcqSpepSbam+1FhqLgVL7aXeUrg0XJosRUvzpdVS\
    vLRdOiwlS+el21K6/AVrmbXsWm4tv1ZYK66V1sprlTVr1bXaWn2tsdZcC9baa721cG24NlmL1uZrq7V4bbt2WEvWzmu3tXT9C2KZ\
    WDaWi+VjhVgxVoqVY5WYWDVWi9VjjVgzFsTasV4sjA1jk1gUm8dWsTi2jR1iSewcu8XS+BdsZDayG7mN/EZho7hR2ihvVDZsVDdq\
    G/WNxkZzI9hob/Q2wo3hxmQj2phvrDbije3GYSPZOG/cNtLNL9jJ7GR3cjv5ncJOcae0U96p7Nip7tR26juNneZOsNPe6e2EO8Od\
    yU60M99Z7cQ7253DTrJz3rntpLtfsJfZy+7l9vJ7hb3iXmmvvFfZs1fdq+3V9xp7zb1gr73X2wv3hnuTvWhvvrfai/e2e4e9ZO+8\
    d9tL97/gKHOUPcod5Y8KR8Wj0lH5qHLkqHpUO6ofNY6aR8FR+6h3FB4NjyZH0dH8aHUUH22PDkfJ0fnodpQef0Eik8gmcol8opAo\
    JkqJcqKSkKgmaol6opFoJoJEO9FLhIlhYpKIEvPEKhEntolDIkmcE7dEmvyCk8xJ9iR3kj8pnBRPSiflk8qJk+pJ7aR+0jhpngQn\
    7ZPeSXgyPJmcRCfzk9VJfLI9OZwkJ+eT20l6+gUXmYvsRe4if1G4KF6ULsoXlQsX1YvaRf2icdG8CC7aF72L8GJ4MbmILuYXq4v4\
    YntxuEguzhe3i/TyC64yV9mr3FX+qnBVvCpdla8qV66qV7Wr+lXjqnkVXLWvelfh1fBqchVdza9WV/HV9upwlVydr25X6fUX3GXu\
    sne5u/xd4a54V7or31Xu3FXvanf1u8Zd8y64a9/17sK74d3kLrqb363u4rvt3eEuuTvf3e7S+y9IZVLZVC6VTxVSxVQpVU5VUlLV\
    VC1VTzVSzVSQaqd6qTA1TE1SUWqeWqXi1DZ1SCWpc+qWStNf8JB5yD7kHvIPhYfiQ+mh/FB58FB9qD3UHxoPzYfgof3Qewgfhg+T\
    h+hh/rB6iB+2D4eH5OH8cHtIH7/gKfOUfco95Z8KT8Wn0lP5qfLkqfpUe6o/NZ6aT8FT+6n3FD4NnyZP0dP8afUUP22fDk/J0/np\
    9pQ+f8FL5iX7knvJvxReii+ll/JL5cVL9aX2Un9pvDRfgpf2S+8lfBm+TF6il/nL6iV+2b4cXpKX88vtJX39grfMW/Yt95Z/K7wV\
    30pv5bfKm7fqW+2t/tZ4a74Fb+233lv4NnybvEVv87fVW/y2fTu8JW/nt9tb+v4FH5mP7EfuI/9R+Ch+lD7KH5UPH9WP2kf9o/HR\
    /Ag+2h+9j/Bj+DH5iD7mH6uP+GP7cfhIPs4ft4/08wu+Ml/Zr9xX/qvwVfwqfZW/Kl++ql+1r/pX46v5FXy1v3pf4dfwa/IVfc2/\
    Vl/x1/br8JV8nb9uX+nXf1vI2ExrTh4FAAAAAElFTkSuQmCC";

fn sample(length: usize) -> Vec<u8> {
    (0..length as u64).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

async fn app(site: &Site, name: &str) -> App {
    let app = site.app();
    assert_eq!(app.sign_in(name, PASSWORD).await.status, 200);
    app
}

async fn keep(app: &App, name: &str, content: impl Into<Bytes>) -> Value {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let mut sent = request(Method::POST, &format!("/api/files?name={name}"), None);
    *sent.body_mut() = content.into();
    let answer = app.send(sent).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["file"].clone()
}

/// The content of the one file that somebody has.
async fn only_content(app: &App) -> Bytes {
    let list = app.get("/api/files").await.json();
    let files = list["files"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{list}");
    app.get(&format!("/api/files/{}/content", files[0]["id"].as_str().unwrap())).await.body
}

fn file(place: &Place, name: &str, content: &[u8]) -> String {
    let path = place.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Waits until the page says of its first upload what `is_reached` wants to hear; gives the bytes sent.
async fn until(tab: &Tab, is_reached: impl Fn(f64, &str) -> bool) {
    let look = "const bar = document.querySelector('[data-uploading] progress'); \
        return [bar?.value ?? -1, document.querySelector('.uploading-state')?.textContent ?? '']";
    let reached = async || {
        let seen = tab.script(look).await;
        is_reached(seen[0].as_f64().unwrap(), seen[1].as_str().unwrap()).then_some(())
    };
    let found = wait::until_async(Duration::from_secs(20), reached).await;
    assert!(found.is_some(), "{}: {}", tab.path().await, tab.text("main").await);
}

/// Lets the connection carry so many bytes in a second, or nothing at all; `None` sets it free.
async fn throttle(tab: &Tab, rate: Option<u32>) {
    tab.tools("Network.enable", json!({})).await;
    let how = json!({
        "offline": rate == Some(0), "latency": 0, "downloadThroughput": -1,
        "uploadThroughput": rate.map_or(-1, i64::from),
    });
    tab.tools("Network.emulateNetworkConditions", how).await;
}

/// The page is there anew, with the file on it.
async fn until_stored(tab: &Tab, name: &str) {
    let look = format!(
        "return [...document.querySelectorAll('.file h3')].some((e) => e.textContent === '{name}')"
    );
    let stored = async || (tab.script(&look).await == json!(true)).then_some(());
    let found = wait::until_async(Duration::from_secs(30), stored).await;
    assert!(found.is_some(), "{}", tab.text("main").await);
}

#[tokio::test]
async fn an_upload_shows_its_progress_and_goes_on_after_the_connection_was_lost() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let content = sample(SIZE);
    let path = file(&place, "map.bin", &content);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        throttle(&tab, Some(1024 * 1024)).await;
        tab.choose("#file", &[&path]).await;
        until(&tab, |sent, state| sent > 1_200_000.0 && state.ends_with("of 6 MiB")).await;
        throttle(&tab, Some(0)).await;
        until(&tab, |_, state| state.starts_with("Connection lost")).await;
        tab.picture(&pictures().join("uploading-desk-light.png")).await;
        throttle(&tab, None).await;
        until_stored(&tab, "map.bin").await;
        assert_eq!(tab.path().await, "/uploads");
    })
    .await;
    assert!(only_content(&app(&site, "ada").await).await == content);
}

#[tokio::test]
async fn an_upload_survives_a_crash_of_the_site() {
    let place = place();
    create_user(&place, "ada", &[]);
    let mut site = serve(&place);
    let content = sample(SIZE);
    let path = file(&place, "map.bin", &content);
    let site = browse(Look::PHONE, async |tab| {
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        throttle(&tab, Some(1024 * 1024)).await;
        tab.choose("#file", &[&path]).await;
        until(&tab, |sent, _| sent > 1_200_000.0).await;
        let address = site.address();
        site.kill();
        until(&tab, |_, state| state.starts_with("Connection lost")).await;
        throttle(&tab, None).await;
        site = serve_again(&place, address);
        until_stored(&tab, "map.bin").await;
        site
    })
    .await;
    assert!(only_content(&app(&site, "ada").await).await == content);
}

#[tokio::test]
async fn an_upload_goes_on_on_another_visit_of_the_page() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let content = sample(SIZE);
    let path = file(&place, "map.bin", &content);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        throttle(&tab, Some(1024 * 1024)).await;
        tab.choose("#file", &[&path]).await;
        until(&tab, |sent, _| sent > 2_200_000.0).await;
        // Gone, without a word to the page about what is under way.
        tab.script("window.addEventListener('beforeunload', (e) => e.stopImmediatePropagation(), { capture: true })").await;
        tab.go(&format!("{}/user/account", site.url())).await;
        tab.go(&format!("{}/uploads", site.url())).await;
        tab.choose("#file", &[&path]).await;
        until(&tab, |sent, _| sent >= 2.0 * 1024.0 * 1024.0).await;
        throttle(&tab, None).await;
        until_stored(&tab, "map.bin").await;
    })
    .await;
    assert!(only_content(&app(&site, "ada").await).await == content);
}

#[tokio::test]
async fn files_are_kept_with_the_keyboard_alone_and_without_scripts() {
    let place = place();
    create_user(&place, "ada", &[]);
    create_user(&place, "ben", &[]);
    let site = serve(&place);
    let path = file(&place, "notes.txt", b"remember the bridge");
    browse(Look::DESK.without_scripts(), async |tab| {
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        tab.choose("#file", &[&path]).await;
        tab.script("document.querySelector('#file').focus()").await;
        tab.press(&[keys::TAB, keys::ENTER].concat()).await;
        until_said(&tab, "stored").await;
        assert_eq!(tab.text(".file h3").await, "notes.txt");
        tab.click(".file-more summary").await;
        tab.fill(".file-share input[name=username]", "ben").await;
        tab.press(keys::ENTER).await;
        until_said(&tab, "shared").await;
        tab.click(".file-more summary").await;
        tab.click(".file-delete input[type=checkbox]").await;
        tab.press(&[keys::TAB, keys::ENTER].concat()).await;
        until_said(&tab, "deleted").await;
        is_content(&tab).await;
    })
    .await;
}

/// The page has been written anew, and says so above.
async fn until_said(tab: &Tab, word: &str) {
    let look = "return document.querySelector('.notice-success')?.textContent ?? ''";
    let said = async || tab.script(look).await.as_str()?.contains(word).then_some(());
    let found = wait::until_async(Duration::from_secs(10), said).await;
    assert!(found.is_some(), "{word}: {}", tab.text("main").await);
}

#[tokio::test]
async fn the_page_of_files_fits_every_screen() {
    let place = place();
    for name in ["ada", "wilhelmina-von-und-zu-hohenzollern-42"] {
        create_user(&place, name, &[]);
    }
    let site = serve(&place);
    let (ada, other) =
        (app(&site, "ada").await, app(&site, "wilhelmina-von-und-zu-hohenzollern-42").await);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        look_at(&tab, "files-empty", false, &LOOKS).await;

        let long =
            format!("{}.pdf", "annual-report-of-the-society-of-friends-of-old-bridges-".repeat(3));
        keep(&ada, &long, &b"%PDF-1.7"[..]).await;
        let picture = STANDARD.decode(PICTURE).unwrap();
        let kept = keep(&ada, "bridge.png", picture).await;
        let share = format!(
            "/api/files/{}/shares/wilhelmina-von-und-zu-hohenzollern-42",
            kept["id"].as_str().unwrap()
        );
        assert_eq!(ada.put_json(&share, json!({ "access": "write" })).await.status, 200);
        let theirs = keep(&other, "map of the river.geojson", &b"{}"[..]).await;
        let share = format!("/api/files/{}/shares/ada", theirs["id"].as_str().unwrap());
        assert_eq!(other.put_json(&share, json!({ "access": "read" })).await.status, 200);
        keep(&ada, "elephants.bin", sample(12_345_678)).await;

        tab.go(&format!("{}/uploads", site.url())).await;
        let loaded = "return [...document.images].every((e) => e.complete && e.naturalWidth > 0)";
        let seen = async || (tab.script(loaded).await == json!(true)).then_some(());
        assert!(wait::until_async(Duration::from_secs(5), seen).await.is_some(), "the picture");
        look_at(&tab, "files", false, &LOOKS).await;
        tab.script("document.querySelectorAll('.file-more').forEach((e) => { e.open = true; })")
            .await;
        look_at(&tab, "files-open", false, &LOOKS).await;

        tab.fill(".file-share input[name=username]", "no body").await;
        tab.press(keys::ENTER).await;
        assert!(tab.text(".file .field-error").await.contains("cannot contain spaces"));
        look_at(&tab, "files-refused", true, &LOOKS).await;
        show_uploading(&tab, &place).await;
    })
    .await;
}

/// What stays on the page of uploads that were refused.
async fn show_uploading(tab: &Tab, place: &Place) {
    let large = place.path().join("far-too-large.bin");
    std::fs::File::create(&large).unwrap().set_len(60 * 1024 * 1024).unwrap();
    tab.choose("#file", &[large.to_str().unwrap()]).await;
    assert!(tab.text(".uploading-bad").await.contains("larger than 50 MiB"));
    look_at(tab, "files-too-large", true, &LOOKS).await;
    tab.click(".uploading button").await;
    assert_eq!(tab.script("return document.querySelector('.uploading').hidden").await, json!(true));
}
