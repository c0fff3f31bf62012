//! What clients of HTTP/2 that do not look at an answer before they have sent everything see of a refusal.

use std::{path::Path, process::Command};

use vestibule_testkit::{
    site::{Place, Site},
    visitors::Visitor as _,
};

use crate::test_app::{PASSWORD, create_user, place, serve};

const MIB: u64 = 1024 * 1024;

/// Sends a file by Python's httpx, and prints the status and the code of the problem.
const HTTPX: &str = r#"
import sys, httpx
url, token, path = sys.argv[1:]
headers = {"Authorization": "Bearer " + token} if token else {}
with httpx.Client(http1=False, http2=True, timeout=60) as client, open(path, "rb") as file:
    answer = client.post(url, headers=headers, content=file)
    assert answer.http_version == "HTTP/2", answer.http_version
    print(answer.status_code, answer.json()["code"])
    # The connection is good for what comes next.
    print(client.get(url.split("/api/")[0] + "/healthz").status_code)
"#;

fn site() -> (Place, Site, String) {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    for (name, length) in [("small", MIB / 2), ("whole", 20 * MIB), ("large", 51 * MIB)] {
        let file = std::fs::File::create(place.path().join(name)).unwrap();
        file.set_len(length).unwrap();
    }
    let address = format!("{}/api/files?name=a", site.url());
    (place, site, address)
}

async fn token(site: &Site) -> String {
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    app.access_token().unwrap()
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the client starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[tokio::test]
async fn curl_sees_why_an_upload_by_http2_is_refused() {
    let (place, site, address) = site();
    let token = token(&site).await;
    let send = |name: &str, header: &str| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--http2-prior-knowledge"]);
        curl.args(["--write-out", " %{http_code} %{http_version}", "--request", "POST"]);
        curl.args(["--header", header, "--upload-file"]).arg(place.path().join(name)).arg(&address);
        output(&mut curl)
    };
    for name in ["small", "whole"] {
        let refused = send(name, "Authorization: Bearer x.y.z");
        assert!(refused.ends_with(" 401 2") && refused.contains("token_invalid"), "{refused}");
    }
    let good = format!("Authorization: Bearer {token}");
    let refused = send("large", &good);
    assert!(refused.ends_with(" 413 2") && refused.contains("too_large"), "{refused}");
    let taken = send("small", &good);
    assert!(taken.ends_with(" 201 2"), "{taken}");
}

#[tokio::test]
async fn httpx_sees_why_an_upload_by_http2_is_refused() {
    let (place, site, address) = site();
    let token = token(&site).await;
    let send = |token: &str, file: &Path| {
        // The interpreter that the packages of the system belong to.
        output(Command::new("/usr/bin/python3").args(["-c", HTTPX, &address, token]).arg(file))
    };
    assert_eq!(send("x.y.z", &place.path().join("whole")), "401 token_invalid\n200\n");
    assert_eq!(send("", &place.path().join("whole")), "401 token_missing\n200\n");
    assert_eq!(send(&token, &place.path().join("large")), "413 too_large\n200\n");
}
