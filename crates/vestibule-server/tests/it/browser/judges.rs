//! Those who judge the pages: axe-core, Lighthouse, and a pair of scales.
//!
//! Both programs come from the npm registry and lie in `tests/node/node_modules`; `cargo xtask test` puts them there.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::LazyLock,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::process::Command;
use vestibule_testkit::{chromium::Tab, site::Site};

use crate::test_app::{create_user, place, serve};

/// What one page may weigh when it is opened for the first time, in bytes on the wire.
const MOST: i64 = 60_000;
/// What a response's head is taken for.
const HEAD: i64 = 500;
/// Lighthouse starts a browser of its own for each page, on a machine that is busy.
const JUDGED_WITHIN: Duration = Duration::from_secs(120);

/// The pages that anybody can open.
const PUBLIC: [&str; 7] = [
    "/",
    "/auth/login",
    "/auth/register",
    "/auth/forgot",
    "/auth/verify",
    "/feedback",
    "/auth/logout",
];

static AXE: LazyLock<String> = LazyLock::new(|| read(&packages().join("axe-core/axe.min.js")));

fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/node_modules")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| {
        panic!("{} cannot be read ({error}); `cargo xtask test` puts it there", path.display())
    })
}

/// Nothing on the page that is open, as it looks now, stands in the way of somebody with a disability, as far as
/// axe-core can tell.
pub(super) async fn find_no_barrier(tab: &Tab, name: &str) {
    if tab.script("return typeof axe").await == "undefined" {
        tab.script(&format!("{}; return null", *AXE)).await;
    }
    // Halfway from one colour to another nothing can be told of contrast.
    tab.come_to_rest().await;
    let judged = tab
        .script_until_done(
            "axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations.map((rule) => \
             [rule.id, rule.help, rule.nodes.map((node) => node.html + ' ' + node.failureSummary)])), \
             (error) => done(String(error)))",
        )
        .await;
    assert_eq!(judged, json!([]), "{name}: {judged:#}");
}

/// The page that is open is light, with everything that it loads.
pub(super) async fn weigh(tab: &Tab, name: &str) {
    let sizes = tab
        .script(
            "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
             .map((entry) => [entry.name, entry.encodedBodySize])",
        )
        .await;
    let parts = sizes.as_array().unwrap();
    assert!(parts.len() > 1, "{name}: a page has a style sheet at least");
    let weight: i64 = parts.iter().map(|part| part[1].as_i64().unwrap() + HEAD).sum();
    assert!(weight < MOST, "{name} weighs {weight} bytes: {sizes:#}");
}

#[tokio::test]
async fn lighthouse_gives_the_public_pages_full_marks_for_accessibility() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let mut failed = Vec::new();
    for path in PUBLIC {
        let report = lighthouse(&site, path).await;
        let score = &report["categories"]["accessibility"]["score"];
        if score.as_f64() != Some(1.0) {
            let audits = report["audits"].as_object().unwrap().values();
            let wrong =
                audits.filter(|audit| audit["score"].as_f64().is_some_and(|score| score < 1.0));
            failed.push(json!([
                path,
                score,
                wrong.map(|audit| &audit["title"]).collect::<Vec<_>>()
            ]));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

async fn lighthouse(site: &Site, path: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let program = packages().join("lighthouse/cli/index.js");
    assert!(program.is_file(), "there is no Lighthouse; `cargo xtask test` puts it there");
    let flags = format!(
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic \
         --disable-background-networking --disable-component-update --disable-sync --no-first-run \
         --user-data-dir={}",
        folder.path().join("profile").display()
    );
    let report = folder.path().join("report.json");
    let run = Command::new("node")
        .arg(program)
        .arg(format!("{}{path}", site.url()))
        .args([
            "--only-categories=accessibility",
            "--output=json",
            "--quiet",
            "--no-enable-error-reporting",
        ])
        .arg(format!("--output-path={}", report.display()))
        .arg(flags)
        .env("CHROME_PATH", "/usr/bin/chromium")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(JUDGED_WITHIN, run).await.expect("Lighthouse came to an end");
    let run = run.expect("node starts");
    assert!(run.status.success(), "{path}: {}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_str(&read(&report)).unwrap()
}
