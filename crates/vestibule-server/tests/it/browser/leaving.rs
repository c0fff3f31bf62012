//! Deleting one's account, and having it back.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use vestibule_testkit::{
    chromium::{Look, browse},
    visitors::Visitor as _,
    wait::until_async,
};

use super::{
    is_content, note_cookies,
    pages::{LOOKS, look_at},
    sign_in,
};
use crate::test_app::{PASSWORD, create_user, place, serve};

#[tokio::test]
async fn an_account_is_deleted_and_kept_after_all() {
    let place = place();
    create_user(&place, "ada", &[]);
    create_user(&place, "bob", &[]);
    let site = serve(&place);
    let page = |path: &str| format!("{}{path}", site.url());
    let (ada, bob) = (site.app(), site.app());
    assert_eq!(ada.sign_in("ada", PASSWORD).await.status, 200);
    assert_eq!(bob.sign_in("bob", PASSWORD).await.status, 200);
    let kept = ada.post_json("/api/files?name=map.txt", json!("a map")).await;
    assert_eq!(kept.status, 201, "{}", kept.text());
    let file = kept.json()["file"]["id"].as_str().unwrap().to_owned();
    let share = json!({ "access": "read" });
    let shared = ada.put_json(&format!("/api/files/{file}/shares/bob"), share).await;
    assert!(shared.status.is_success(), "{}", shared.text());
    let seen = async || bob.get(&format!("/api/files/{file}")).await.status.as_u16();
    assert_eq!(seen().await, 200);

    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        tab.click("details.danger summary").await;
        look_at(&tab, "account-leaving", false, &LOOKS).await;
        tab.click("#delete-sure").await;
        tab.click("details.danger button[type=submit]").await;
        tab.arrive("/").await;
        assert!(tab.text(".notice-success").await.contains("within 14 days"));
        look_at(&tab, "account-deleted", false, &LOOKS).await;
        assert_eq!(seen().await, 404, "nobody sees what belongs to a deleted account");

        tab.go(&page("/auth/login?next=/uploads")).await;
        tab.fill("#login", "ada").await;
        tab.fill("#password", PASSWORD).await;
        tab.click("main button[type=submit]").await;
        assert!(tab.text("main").await.contains("Keep your account?"));
        let secret = tab.value("input[name=token]").await;
        site.secrets().add(&secret);
        look_at(&tab, "restore", false, &LOOKS).await;
        // By the keyboard alone.
        tab.script("document.querySelector('main button[type=submit]').focus()").await;
        tab.press("\u{e007}").await;
        tab.arrive("/uploads").await;
        assert!(tab.text(".notice-success").await.contains("is back"));
        assert!(tab.text("main").await.contains("map.txt"));
        note_cookies(&tab, &site).await;
        is_content(&tab).await;
        assert_eq!(seen().await, 200, "and it is shared as before");
    })
    .await;
}

/// The file of one's own data arrives on the disk, and the browser stays on the page.
#[tokio::test]
async fn ones_own_data_is_downloaded() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/account").await;
        note_cookies(&tab, &site).await;
        let folder = place.path().join("downloads");
        fs::create_dir(&folder).unwrap();
        let behaviour =
            json!({ "behavior": "allow", "downloadPath": folder.display().to_string() });
        tab.tools("Browser.setDownloadBehavior", behaviour).await;
        tab.click("a[href='/user/account/export']").await;
        let file = folder.join("account.json");
        let is_there = async || file.exists().then_some(());
        until_async(Duration::from_secs(20), is_there).await.expect("the file arrives");
        let all: Value = serde_json::from_str(&read(&file)).unwrap();
        assert_eq!((&all["format"], &all["profile"]["username"]), (&json!(1), &json!("ada")));
        assert_eq!(tab.path().await, "/user/account");
        is_content(&tab).await;
    })
    .await;
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}
