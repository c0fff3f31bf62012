//! How hard a new password is to guess, said while it is typed.

use serde_json::json;
use vestibule_testkit::chromium::{Look, Tab, browse};

use super::{
    is_content, note_cookies,
    pages::{LOOKS, look_at},
    sign_in,
};
use crate::test_app::{create_user, place, serve};

/// What is said of a password, and how many of the four steps it reaches.
async fn said_of(tab: &Tab, input: &str, password: &str) -> (String, i64) {
    let found = tab
        .script_until_done(&format!(
            "const input = document.querySelector({}); \
             const box = document.querySelector('[data-strength]'); const words = box.querySelector('p'); \
             words.textContent = 'not yet'; input.value = {}; \
             input.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             new MutationObserver(() => done([words.textContent, Number(box.dataset.level)])) \
             .observe(words, {{ childList: true, characterData: true, subtree: true }})",
            json!(input),
            json!(password)
        ))
        .await;
    (found[0].as_str().unwrap().to_owned(), found[1].as_i64().unwrap())
}

#[tokio::test]
async fn what_is_said_never_contradicts_the_rules_of_the_site() {
    let place = place();
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        tab.go(&format!("{}/auth/register", site.url())).await;
        tab.fill("#username", "Wilhelmina").await;
        tab.fill("#email", "mina.harker@people.test").await;
        // Refused by the site, and never called good.
        for (password, words) in [
            ("short", "At least 15 characters: 10 to go."),
            ("ünïcödé pässwö", "1 to go."),
            ("tangerine wilhelmina rocket", "Leave out “Wilhelmina”"),
            ("tangerine ＷＩＬＨＥＬＭＩＮＡ rocket", "Leave out “Wilhelmina”"),
            ("tangerine mina.harker rocket", "Leave out “mina.harker”"),
            ("tangerine vestibule rocket", "Leave out “Vestibule”"),
            ("passwordpassword", "Easy to guess."),
            ("P@ssw0rd12345678", "Easy to guess."),
            ("qwertyuiopasdfg", "Easy to guess."),
            ("1q2w3e4r5t6y7u8i", "Easy to guess."),
            ("abcdefghijklmnop", "Easy to guess."),
            ("aaaaaaaaaaaaaaaa", "Easy to guess."),
            ("summer2024summer2024", "Easy to guess."),
            ("iloveyouiloveyou", "Easy to guess."),
            ("monkeymonkeymonkey123", "Easy to guess."),
            ("congratulations", "Easy to guess."),
        ] {
            let (said, level) = said_of(&tab, "#password", password).await;
            assert!(said.contains(words), "{password}: {said}");
            assert!(level <= 1, "{password}: {level}");
            let body = json!({ "username": "Wilhelmina", "email": "mina.harker@people.test", "password": password });
            let answer = site.anonymous().post_json("/api/auth/register", &body).await;
            assert_eq!(answer.status, 422, "{password}: {}", answer.text());
        }
        // Taken by the site, and never called refused.
        for (password, level) in [
            ("initial password", 1),
            ("my dog likes cheese", 2),
            ("tangerine-anvil-rocket", 2),
            ("correct mongoose lamp orbit", 3),
            ("violin harbour mosaic tundra", 3),
            ("aB3dE5gH7jK9mN1p", 4),
            ("一个很长的密码没有人知道它是什么吗", 4),
        ] {
            let (said, reached) = said_of(&tab, "#password", password).await;
            assert_eq!(reached, level, "{password}: {said}");
            assert!(!said.contains("accepted") && !said.contains("to go"), "{password}: {said}");
        }
        let (_, level) = said_of(&tab, "#password", &"a".repeat(1024)).await;
        assert_eq!(level, 1);
        assert_eq!(said_of(&tab, "#password", "").await, (String::new(), 0));
        // Another name counts at once.
        said_of(&tab, "#password", "correct mongoose lamp orbit").await;
        let (said, level) = said_of(&tab, "#username", "mongoose").await;
        assert!(said.contains("Leave out “mongoose”") && level == 0, "{said}");
        is_content(&tab).await;
    })
    .await;
}

#[tokio::test]
async fn it_is_said_calmly_and_fits_every_screen() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    browse(Look::DESK, async |tab| {
        sign_in(&tab, &site, "ada", "/user/password").await;
        note_cookies(&tab, &site).await;
        assert_eq!(
            tab.text("[data-strength] p").await,
            "",
            "nothing is said before something is typed"
        );
        let live = "return document.querySelector('[data-strength] p').getAttribute('aria-live')";
        assert_eq!(tab.script(live).await, "polite");
        let hidden = "return document.querySelector('.strength-bar').getAttribute('aria-hidden')";
        assert_eq!(tab.script(hidden).await, "true");
        // However fast somebody types, it is said once, when the typing rests.
        let changes = tab
            .script_until_done(
                "const input = document.querySelector('#new'); \
                 const words = document.querySelector('[data-strength] p'); let said = 0; \
                 new MutationObserver(() => { said += 1; setTimeout(() => done(said), 1000) }) \
                 .observe(words, { childList: true }); \
                 for (const sign of 'correct mongoose lamp') { input.value += sign; \
                 input.dispatchEvent(new Event('input', { bubbles: true })) }",
            )
            .await;
        assert_eq!(changes, 1);
        look_at(&tab, "password-strength", false, &LOOKS).await;
        let (said, _) = said_of(&tab, "#new", "the secret of ada lovelace").await;
        assert!(
            said.contains("Leave out “ada”"),
            "the own name counts where it is not typed: {said}"
        );
        let (_, level) = said_of(&tab, "#new", "summer2024summer2024").await;
        assert_eq!(level, 1);
        look_at(&tab, "password-strength-easy", false, &LOOKS).await;
        is_content(&tab).await;
    })
    .await;
}

#[tokio::test]
async fn without_scripts_the_rules_stand_there_as_before() {
    let place = place();
    let site = serve(&place);
    browse(Look::PHONE.without_scripts(), async |tab| {
        tab.go(&format!("{}/auth/register", site.url())).await;
        let text = tab.text("main").await;
        assert!(text.contains("At least 15 characters. A few unrelated words"), "{text}");
        assert!(!text.contains("to go") && !text.contains("Strong"), "{text}");
    })
    .await;
}
