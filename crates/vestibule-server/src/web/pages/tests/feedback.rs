//! Telling those who run the site something.

use vestibule_site::store::{FeedbackBox as _, FeedbackQuery};

use super::TestApp;

async fn kept(app: &TestApp) -> Vec<(Option<i64>, Option<String>, String)> {
    let query = FeedbackQuery { limit: 99, ..FeedbackQuery::default() };
    let kept = app.store.feedback(&query).await.unwrap();
    kept.into_iter()
        .map(|one| (one.content.user.map(|id| id.0), one.content.email, one.content.text))
        .collect()
}

#[tokio::test]
async fn feedback_is_kept_and_mailed_whoever_sends_it() {
    let app = TestApp::with(&[("VESTIBULE_FEEDBACK__TO", "Desk <desk@example.org>")], |_| {}).await;
    let mut stranger = app.browser();
    stranger.get("/feedback").await;
    let fields = [("text", "  Hello\r\n=1+1 \u{1b}[31m "), ("email", "eve@example.org")];
    let answer = stranger.send("/feedback", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/feedback"));
    stranger.follow(answer).await;
    assert!(stranger.shows("your message has arrived"));
    let mut anna = app.signed_in("anna").await;
    anna.get("/feedback").await;
    assert_eq!(anna.send("/feedback", &[("text", "It works")]).await.status, 303);
    assert_eq!(
        kept(&app).await,
        [
            (Some(1), None, "It works".to_owned()),
            (None, Some("eve@example.org".to_owned()), "Hello\n=1+1 [31m".to_owned()),
        ]
    );
    let mails = app.mails().await;
    let mails: Vec<_> = mails.iter().filter(|mail| mail.contains("Feedback for")).collect();
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails.iter().all(|mail| mail.contains("To: desk@example.org")), "{mails:?}");
    assert!(mails.iter().any(|mail| mail.contains("anna (no. 1)")), "{mails:?}");
}

#[tokio::test]
async fn what_was_typed_stays_until_it_is_right() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    browser.get("/feedback").await;
    let answer = browser.send("/feedback", &[("text", "<b>hi</b>"), ("email", "nowhere")]).await;
    assert_eq!(answer.status, 422);
    assert!(browser.shows("id=\"email-error\"") && browser.shows("&lt;b&gt;hi&lt;"));
    assert!(browser.shows("value=\"nowhere\""));
    assert_eq!(browser.send("/feedback", &[("text", " \r\n ")]).await.status, 422);
    let long = "x".repeat(crate::services::feedback::MOST + 1);
    assert_eq!(browser.send("/feedback", &[("text", &long)]).await.status, 422);
    browser.page = String::new();
    let answer = browser.send("/feedback", &[("text", "without the form's value")]).await;
    assert_eq!(answer.status, 403);
    assert!(browser.shows("without the form") && browser.shows("open for a while"));
    assert!(kept(&app).await.is_empty());
}

#[tokio::test]
async fn only_so_much_is_taken_from_one_address() {
    let app = TestApp::with(&[("VESTIBULE_LIMITS__FEEDBACK", "2/1h")], |_| {}).await;
    let mut browser = app.browser();
    for status in [303, 303, 429, 429] {
        browser.get("/feedback").await;
        assert_eq!(browser.send("/feedback", &[("text", "again")]).await.status, status);
    }
    assert!(browser.shows(">\nagain</textarea>"));
    app.clock.pass(std::time::Duration::from_secs(3601));
    browser.get("/feedback").await;
    assert_eq!(browser.send("/feedback", &[("text", "again")]).await.status, 303);
    assert_eq!(kept(&app).await.len(), 3);
}
