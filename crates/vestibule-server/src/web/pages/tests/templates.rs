//! Every template, with what its handler gives it.

use std::sync::Arc;

use minijinja::{Value, context};

use crate::i18n::Language;
use crate::templates::Templates;

const HOSTILE: &str = "<script>alert(\"'&\")</script>";

#[test]
fn every_template_renders_what_it_is_given_and_escapes_all_of_it() {
    let templates = Templates::load().unwrap();
    for name in templates.names() {
        if name.starts_with("partials/") || name.starts_with("mail/") {
            continue;
        }
        let arounds = [anonymous(), signed_in(), with_notices()];
        for (language, around) in all(&templates).zip(arounds.iter().cycle()).take(6) {
            let page = context! { ..content(&name), ..around.clone() };
            let page = templates.try_render(language, &name, page);
            let page = page.unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert!(page.contains(&format!("<html lang=\"{}\">", language.locale())));
            assert!(page.contains("</html>"), "{name}");
            assert!(!page.contains("<script>"), "{name} lets markup through");
            assert!(!page.contains("undefined") && !page.contains(">None<"), "{name}: {page}");
            assert!(page.contains("/static/style.css?v="), "{name}");
            // What only the pages of those who run the site need, nobody else loads.
            assert_eq!(
                page.contains("/static/admin.css?v="),
                name.starts_with("admin/"),
                "{name} and the style of the admin pages"
            );
            assert_eq!(count(&page, "<h1"), 1 - count(&name, "base"), "{name}");
            assert_eq!(
                count(&page, "method=\"post\"") - count(&page, "action=\"/language\""),
                count(&page, "name=\"csrf_token\" value=\"TOKEN\""),
                "{name} has a form without the CSRF field"
            );
        }
    }
}

#[test]
fn what_a_handler_forgets_is_an_error() {
    let templates = Templates::load().unwrap();
    let language = templates.language(None);
    assert!(templates.try_render(language, "index.html", context! { path => "/" }).is_err());
    assert!(templates.try_render(language, "nothing.html", anonymous()).is_err());
}

/// Every language, so that each meets every kind of page around it.
fn all(templates: &Templates) -> impl Iterator<Item = &Arc<Language>> {
    let languages = templates.texts().languages();
    languages.iter().flat_map(|language| std::iter::repeat_n(language, 3))
}

fn count(page: &str, text: &str) -> usize {
    page.matches(text).count()
}

fn anonymous() -> Value {
    context! {
        site_name => HOSTILE,
        path => "/",
        current_user => None::<Value>,
        csrf_token => "TOKEN",
        features => context! { registration => true, reset => true, feedback => true, admin => true },
        flashes => Vec::<Value>::new(),
        password_min => 15,
    }
}

fn signed_in() -> Value {
    context! { current_user => somebody(), path => "/user/sessions", ..anonymous() }
}

fn somebody() -> Value {
    context! { username => HOSTILE, is_super_user => true }
}

fn with_notices() -> Value {
    let flash = context! { kind => "info", text => HOSTILE };
    let errors = context! {
        username => HOSTILE, email => HOSTILE, password => HOSTILE, current => HOSTILE, new => HOSTILE,
        file => HOSTILE
    };
    context! { flashes => vec![flash], error => HOSTILE, errors, ..signed_in() }
}

fn content(name: &str) -> Value {
    let form = context! {
        login => HOSTILE, username => HOSTILE, email => HOSTILE, next => HOSTILE, remember_me => true
    };
    match name {
        "base.html" | "index.html" | "logout.html" => context! {},
        "language_blocked.html" => context! { next => HOSTILE },
        "login.html" | "cookies_blocked.html" | "register.html" => {
            context! { form, is_unverified => true }
        }
        "forgot.html" => context! { form, minutes => 30 },
        "reset.html" => {
            context! { state => "open", token => HOSTILE, username => HOSTILE, minutes => 30 }
        }
        "keep_address.html" => context! { state => "open", token => HOSTILE },
        "restore.html" => context! { form, username => HOSTILE, until => 0, token => HOSTILE },
        "verify.html" => context! { form, state => "open", token => HOSTILE, hours => 24 },
        // Nobody sees these without being signed in.
        "password.html" => context! { current_user => somebody() },
        "confirm.html" => context! { form, current_user => somebody() },
        "setup.html" => context! { form, token => HOSTILE },
        "account.html" => {
            let user = context! {
                username => HOSTILE, email_verified => false, created_at => 0, pending_email => HOSTILE,
                locale => "de",
            };
            context! { form, user, current_user => somebody() }
        }
        "sessions.html" => {
            let session = |id: &str, current: bool, ended: Option<i64>| {
                context! {
                    id, current, device => HOSTILE, address => HOSTILE, carrier => "cookie",
                    created => 0, last_seen => 0, ended_at => ended, reason => ended.map(|_| HOSTILE),
                    alarming => ended.is_some(),
                }
            };
            context! {
                sessions => vec![session("a", true, None), session("b", false, None), session("c", false, Some(1))]
            }
        }
        "session.html" => {
            let renewal = context! {
                what => HOSTILE, count => 2, first => 0, last => 1, address => HOSTILE, device => HOSTILE,
                alarming => true,
            };
            let session = context! {
                id => HOSTILE, current => false, device => HOSTILE, address => HOSTILE, carrier => HOSTILE,
                created => 0, last_seen => 0, ended_at => None::<i64>, reason => HOSTILE, alarming => true,
            };
            context! { session, renewals => vec![renewal], history_kept => 1 }
        }
        "uploads.html" => {
            let file = |id: &str, is_picture: bool, shares: Vec<Value>| {
                context! {
                    id, name => HOSTILE, size => HOSTILE, kind => HOSTILE, is_picture, version => 1,
                    changed_at => 0, owner => HOSTILE, access => "write", shares,
                }
            };
            let share = context! { username => HOSTILE, access => "write" };
            let own = vec![file("a", true, vec![share]), file("b", false, Vec::new())];
            let shared = vec![file("c", false, Vec::new())];
            context! {
                user_id => HOSTILE, csrf_cookie => HOSTILE,
                own => context! { files => own, next => HOSTILE },
                shared => context! { files => shared.clone(), next => HOSTILE },
                offered => context! { files => shared, next => HOSTILE },
                is_continued => true, used => HOSTILE, quota => HOSTILE, used_percent => 100,
                max_size => HOSTILE, max_bytes => 1, current_user => somebody(),
                sharing => context! { id => "b", username => HOSTILE },
            }
        }
        "feedback.html" => context! { form => context! { text => HOSTILE, email => HOSTILE } },
        name if name.starts_with("admin/") => administration(name),
        "error.html" => context! {
            status => 503, title => HOSTILE, detail => HOSTILE, wait => HOSTILE, request_id => HOSTILE
        },
        _ => panic!("{name} has no sample here: add what its handler gives it"),
    }
}

/// Nobody sees these without running the site.
fn administration(name: &str) -> Value {
    let person = || context! { id => 7, name => HOSTILE };
    let event = || {
        context! {
            at => 0, name => HOSTILE, words => HOSTILE, failed => true, subject => person(),
            actor => context! { id => 8, name => None::<String> }, session => HOSTILE, address => HOSTILE,
            device => HOSTILE, details => vec![(HOSTILE, HOSTILE)],
        }
    };
    let user = context! {
        id => 7, username => HOSTILE, email => HOSTILE, email_verified => true, status => HOSTILE,
        is_super_user => true, roles => vec![HOSTILE], created_at => 0,
    };
    let session = |ended: Option<i64>| {
        context! {
            id => HOSTILE, device => HOSTILE, address => HOSTILE, carrier => HOSTILE, created => 0,
            last_seen => 0, ended_at => ended, reason => ended.map(|_| HOSTILE), alarming => true,
        }
    };
    let pages = context! { next => HOSTILE, start => HOSTILE, is_first => false };
    let filter = context! {
        q => HOSTILE, status => HOSTILE, role => HOSTILE, super_user => HOSTILE, event => HOSTILE,
        subject => HOSTILE, actor => HOSTILE, address => HOSTILE, session => HOSTILE, from => HOSTILE,
        to => HOSTILE,
    };
    let content = match name {
        "admin/front.html" => {
            let chart = context! {
                id => "a", title => HOSTILE, summary => HOSTILE, width => 1, height => 1, floor => 1,
                highest => "1", first_day => "1 Jan", last_day => "Today", series => vec!["a", "b"],
                bars => vec![context! { series => 0, x => 0, y => 0, width => 1, height => 1 }],
                days => vec![context! { name => "1 Jan", counts => vec!["1", "2"] }],
            };
            context! { users => "1", sessions => "2", waiting => 3, charts => vec![chart] }
        }
        "admin/users.html" => context! { filter, users => vec![user] },
        "admin/user.html" => context! {
            user, is_self => true, sessions => vec![session(None), session(Some(1))], has_open => true,
            events_list => vec![event()], typed_role => HOSTILE,
        },
        "admin/session.html" => {
            let renewal = context! {
                what => HOSTILE, count => 2, first => 0, last => 1, address => HOSTILE, device => HOSTILE,
                alarming => true,
            };
            context! { user, session => session(None), agent => HOSTILE, renewals => vec![renewal] }
        }
        "admin/audit.html" => context! {
            filter, names => vec![(HOSTILE, HOSTILE)], events_list => vec![event()], csv => HOSTILE,
        },
        "admin/feedback.html" => {
            let one = context! {
                id => 1, at => 0, done => false, text => HOSTILE, email => HOSTILE, user => person(),
                device => HOSTILE, address => HOSTILE,
            };
            context! { feedback => vec![one], show => "" }
        }
        "admin/outbox.html" => {
            let mail = context! {
                id => HOSTILE, about => HOSTILE, recipient => HOSTILE, user => person(), state => "waiting",
                can_retry => true, tries => 1, last_error => HOSTILE, created_at => 0, at => 0,
            };
            context! { mails => vec![mail], show => "", who => HOSTILE, into_files => true }
        }
        "admin/keys.html" => {
            let key = context! {
                kid => HOSTILE, algorithm => "ES256", state => "active", created_at => 0, changed_at => 0,
            };
            context! { is_shared => false, keys => vec![key] }
        }
        _ => panic!("{name} has no sample here: add what its handler gives it"),
    };
    let around = context! { current_user => somebody(), ..pages };
    context! { ..content, ..around }
}
