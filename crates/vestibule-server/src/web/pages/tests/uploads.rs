//! The page of one's files, as a browser without scripts uses it.

use axum::http::Method;

use super::{Answer, Browser, TestApp};

impl Browser {
    /// Sends the form for a file, as browsers write it.
    async fn send_file(&mut self, name: &str, content: &str) -> Answer {
        let token = self.csrf_token();
        self.send_form_data(&format!(
            "--XyZ\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n--XyZ\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{content}\r\n--XyZ--\r\n"
        ))
        .await
    }

    async fn send_form_data(&mut self, form: &str) -> Answer {
        let kind = "multipart/form-data; boundary=XyZ";
        self.ask_with(Method::POST, "/uploads", Some((kind, form.to_owned()))).await
    }

    async fn act(&mut self, action: &str, id: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("action", action), ("id", id)];
        all.extend(fields);
        self.send("/uploads", &all).await
    }

    /// The id of the first file that the page shows.
    fn first_file(&self) -> String {
        let (_, rest) = self.page.split_once("file\" id=\"file-").expect("a file");
        rest.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_file_is_sent_listed_shared_and_deleted() {
    let app = TestApp::open().await;
    app.signed_in("berta").await;
    let mut anna = app.signed_in("anna").await;
    anna.get("/uploads").await;
    assert!(anna.shows("You have no files here yet.") && anna.shows("At most 50 MiB."));
    let answer = anna.send_file("Brücke <1>.txt", "three words here").await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/uploads"), "{}", anna.page);
    anna.follow(answer).await;
    assert!(anna.shows("The file is stored.") && anna.shows("Brücke &lt;1&gt;.txt"));
    assert!(anna.shows("16 bytes") && anna.shows("16 bytes of 1 GiB used"));
    let id = anna.first_file();

    let fields = [("username", "berta"), ("access", "read")];
    let answer = anna.act("share", &id, &fields).await;
    anna.follow(answer).await;
    assert!(anna.shows("The file is shared.") && anna.shows("Shared with 1"));
    let mut berta = app.browser();
    berta.sign_in("berta").await;
    berta.get("/uploads").await;
    assert!(berta.shows("Offered to you") && berta.shows("of <span class=\"name\">anna</span>"));
    assert!(!berta.shows("Shared with you") && anna.shows("Not accepted yet"));
    let answer = berta.act("accept", &id, &[]).await;
    berta.follow(answer).await;
    assert!(berta.shows("Shared with you") && !berta.shows("Offered to you"));
    assert!(!berta.shows("Yes, delete this file"), "that is not hers to do");
    let refused = berta.act("delete", &id, &[]).await;
    assert_eq!(refused.status, 403);

    let answer = anna.act("unshare", &id, &[("username", "berta")]).await;
    anna.follow(answer).await;
    assert!(anna.shows("The file is no longer shared.") && !anna.shows("Shared with 1"));
    let answer = anna.act("delete", &id, &[]).await;
    anna.follow(answer).await;
    assert!(anna.shows("The file is deleted.") && anna.shows("You have no files here yet."));
}

#[tokio::test]
async fn whoever_a_file_is_shared_with_takes_it_off_their_list() {
    let app = TestApp::open().await;
    let mut berta = app.signed_in("berta").await;
    let mut anna = app.signed_in("anna").await;
    anna.get("/uploads").await;
    let answer = anna.send_file("a.txt", "abc").await;
    anna.follow(answer).await;
    let id = anna.first_file();
    anna.act("share", &id, &[("username", "berta"), ("access", "write")]).await;
    berta.get("/uploads").await;
    assert!(berta.shows("Read and write") && berta.shows("Decline"));
    for answered in ["decline", "leave"] {
        if answered == "leave" {
            anna.act("share", &id, &[("username", "berta"), ("access", "write")]).await;
            berta.act("accept", &id, &[]).await;
        }
        let answer = berta.act("unshare", &id, &[("username", "berta")]).await;
        berta.follow(answer).await;
        assert!(!berta.shows("Shared with you") && !berta.shows("Offered to you"));
    }
}

#[tokio::test]
async fn a_file_that_is_refused_says_why_beside_its_field() {
    let app = TestApp::with(&[("VESTIBULE_FILES__MAX_SIZE", "2KiB")], |_| {}).await;
    let mut anna = app.signed_in("anna").await;
    anna.get("/uploads").await;
    for (name, content, status, text) in [
        ("", "", 422, "Choose a file first."),
        ("a.txt", "x".repeat(3000).as_str(), 413, "A file here has at most 2 KiB."),
        ("../a.txt", "x", 422, "leave out the folders"),
    ] {
        let answer = anna.send_file(name, content).await;
        assert_eq!(answer.status, status, "{name}");
        assert!(anna.shows("id=\"file-error\"") && anna.shows(text), "{text}: {}", anna.page);
        assert!(anna.shows("<title>Error: "));
    }
    let token = anna.csrf_token();
    let cut = format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n--XyZ\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc"
    );
    assert_eq!(anna.send_form_data(&cut).await.status, 400);
    anna.get("/uploads").await;
    assert!(anna.shows("You have no files here yet."));
}

#[tokio::test]
async fn a_share_that_cannot_be_comes_back_with_the_form() {
    let app = TestApp::open().await;
    let mut anna = app.signed_in("anna").await;
    anna.get("/uploads").await;
    let answer = anna.send_file("a.txt", "abc").await;
    anna.follow(answer).await;
    let id = anna.first_file();
    for (username, status, text) in
        [("no body", 422, "cannot contain spaces"), ("anna", 422, "yours already")]
    {
        let answer = anna.act("share", &id, &[("username", username), ("access", "read")]).await;
        assert_eq!(answer.status, status, "{username}");
        assert!(anna.shows(text) && anna.shows(&format!("id=\"share-{id}-error\"")), "{username}");
        assert!(
            anna.shows(&format!("value=\"{username}\""))
                && anna.shows("<details class=\"file-more\" open>")
        );
    }
    let fields = [("username", "anna"), ("access", "own")];
    assert_eq!(anna.act("share", &id, &fields).await.status, 422);
    for foreign in ["x", "AAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(anna.act("delete", foreign, &[]).await.status, 404, "{foreign}");
    }
    assert_eq!(anna.act("burn", &id, &[]).await.status, 400);
}

#[tokio::test]
async fn a_list_goes_on_on_another_page() {
    let app = TestApp::open().await;
    let mut anna = app.signed_in("anna").await;
    anna.get("/uploads").await;
    for number in 0..51 {
        anna.send_file(&format!("file-{number}.txt"), "x").await;
        anna.get("/uploads").await;
        app.clock.pass(std::time::Duration::from_secs(1));
    }
    assert!(anna.shows(">file-50.txt<") && !anna.shows(">file-0.txt<"));
    let (_, rest) = anna.page.split_once("href=\"/uploads?own=").unwrap();
    let next = format!("/uploads?own={}", rest.split('"').next().unwrap());
    anna.get(&next).await;
    assert!(!anna.shows(">file-1.txt<") && anna.shows(">file-0.txt<"));
    assert!(anna.shows("Back to the latest files"));
}

#[tokio::test]
async fn files_are_for_people_who_are_signed_in_and_mean_it() {
    let app = TestApp::open().await;
    let mut anna = app.signed_in("anna").await;
    anna.get("/uploads").await;
    let form = "--XyZ\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nwrong\r\n--XyZ\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc\r\n--XyZ--\r\n";
    assert_eq!(anna.send_form_data(form).await.status, 403);
    let late = form.replace("csrf_token", "other");
    assert_eq!(anna.send_form_data(&late).await.status, 403);
    anna.jar.clear();
    let answer = anna.get("/uploads").await;
    assert_eq!(answer.location, "/auth/login?next=%2Fuploads");
    let answer = anna.send_form_data(form).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login?next=%2Fuploads"));
}
