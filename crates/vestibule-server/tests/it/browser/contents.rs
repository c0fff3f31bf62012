//! Contents of files as a page of the site could name them, in every engine.

use bytes::Bytes;
use http::Method;
use serde_json::json;
use vestibule_testkit::{
    chromium::Look,
    site::Site,
    visitors::{App, Visitor as _, request},
    webdriver::browse_in_each,
};

use super::{note_cookies, sign_in};
use crate::test_app::{PASSWORD, create_user, place, serve};

async fn keep(app: &App, name: &str, content: &'static str) -> String {
    let mut sent = request(Method::POST, &format!("/api/files?name={name}"), None);
    *sent.body_mut() = Bytes::from_static(content.as_bytes());
    let answer = app.send(sent).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["file"]["id"].as_str().unwrap().to_owned()
}

/// The site of somebody who was sent a script, a style sheet and a script in other clothes.
async fn site_with_files(site: &Site) -> [String; 3] {
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    let script = "self.hasRun = true; self.onmessage = () => postMessage('it runs'); postMessage?.('it runs')";
    [
        keep(&app, "evil.js", script).await,
        keep(&app, "evil.css", "body { --has-run: 1; color: red !important }").await,
        keep(&app, "evil.txt", script).await,
    ]
}

#[tokio::test]
async fn no_content_is_a_script_a_worker_or_a_style_of_a_page() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let files = site_with_files(&site).await;
    browse_in_each(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/uploads").await;
        note_cookies(&tab, &site).await;
        for id in &files {
            for path in [format!("/file/{id}"), format!("/api/files/{id}/content")] {
                let tried = format!(
                    "const tried = {{}}; \
                     const wait = (name, begin) => new Promise((end) => {{ \
                       const say = (word) => {{ tried[name] ??= word; end(); }}; \
                       setTimeout(() => say('nothing'), 3000); \
                       try {{ begin(say); }} catch (error) {{ say('refused'); }} }}); \
                     const add = (name, values) => (say) => {{ \
                       const it = Object.assign(document.createElement(name), values); \
                       it.onload = () => say('loaded'); it.onerror = () => say('refused'); document.head.append(it); }}; \
                     const work = (make) => (say) => {{ \
                       const it = make(); it.onerror = () => say('refused'); \
                       (it.port ?? it).onmessage = () => say('ran'); }}; \
                     const register = (say) => navigator.serviceWorker \
                       ? navigator.serviceWorker.register('{path}', {{ scope: '/file/' }}).then(() => say('ran'), () => say('refused')) \
                       : say('refused'); \
                     Promise.all([ \
                       wait('script', add('script', {{ src: '{path}' }})), \
                       wait('module', add('script', {{ src: '{path}', type: 'module' }})), \
                       wait('style', add('link', {{ href: '{path}', rel: 'stylesheet' }})), \
                       wait('worker', work(() => new Worker('{path}'))), \
                       wait('shared', work(() => new SharedWorker('{path}'))), \
                       wait('service', register), \
                     ]).then(() => done([tried, self.hasRun ?? null, \
                       getComputedStyle(document.body).getPropertyValue('--has-run')]))"
                );
                let seen = tab.script_until_done(&tried).await;
                for kind in ["script", "module", "style", "worker", "shared", "service"] {
                    let came = &seen[0][kind];
                    assert!(came == "refused" || came == "nothing", "{path} as {kind}: {seen}");
                }
                assert_eq!((&seen[1], &seen[2]), (&json!(null), &json!("")), "{path}: {seen}");
            }
        }
        // The site's own scripts run all the same.
        assert_eq!(tab.script("return document.querySelector('#file').multiple").await, true);
    })
    .await;
}
