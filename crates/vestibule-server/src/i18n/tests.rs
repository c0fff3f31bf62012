//! All texts: there, in each language, used, and given what they name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};
use vestibule::{
    FieldProblem,
    core::{
        fault::FieldError,
        locale::Locale,
        name::NameError,
        password::PasswordProblem,
        user::{NotChanged, Taken},
    },
};
use vestibule_site::file::FileNameError;

use super::{Language, Text, Texts};
use crate::web::pages::Flash;

/// What each text of a language names, by the text's name.
type Names = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The sources of the program, without tests.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = root().join("..");
    let folders = ["vestibule-core/src", "vestibule/src", "vestibule-server/src"];
    let all = folders.iter().flat_map(|folder| files(&crates.join(folder), ".rs"));
    all.filter(|(path, _)| !path.iter().any(|part| part == "tests" || part == "tests.rs"))
        .map(|(path, text)| {
            let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
            (path, text[..end].to_owned())
        })
        .collect()
}

fn names(language: &str) -> Names {
    let mut names = Names::new();
    for (path, text) in files(&root().join("texts").join(language), ".ftl") {
        let resource =
            parser::parse(text.as_str()).unwrap_or_else(|_| panic!("{}", path.display()));
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let mut named = BTreeSet::new();
            let pattern = message.value.expect("a text has words");
            let words = words(&pattern, &mut named);
            let id = message.id.name;
            assert!(!words.contains(['<', '>', '"']), "{language} {id} holds markup: {words}");
            assert!(names.insert(id.to_owned(), named).is_none(), "{language} {id} is there twice");
        }
    }
    names
}

/// The words of a text, and what it names.
fn words(pattern: &Pattern<&str>, named: &mut BTreeSet<String>) -> String {
    let mut text = String::new();
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.push_str(value),
            PatternElement::Placeable { expression } => match expression {
                Expression::Inline(inline) => note(inline, named),
                Expression::Select { selector, variants } => {
                    note(selector, named);
                    for variant in variants {
                        text.push_str(&words(&variant.value, named));
                    }
                }
            },
        }
    }
    text
}

fn note(inline: &InlineExpression<&str>, named: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            named.insert(id.name.to_owned());
        }
        InlineExpression::Placeable { expression } => {
            if let Expression::Inline(inline) = &**expression {
                note(inline, named);
            }
        }
        _ => {}
    }
}

/// What stands in quotation marks behind each of these beginnings.
fn quoted<'t>(text: &'t str, beginning: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.match_indices(beginning).filter_map(move |(place, _)| {
        // `t("` is not the end of another word.
        let before = text[..place].chars().next_back();
        let is_whole = !before.is_some_and(|sign| sign.is_alphanumeric() || sign == '_')
            || !beginning.starts_with(char::is_alphanumeric);
        let rest = &text[place + beginning.len()..];
        let (word, behind) = rest.split_once('"')?;
        is_whole.then_some((word, behind))
    })
}

/// The names of the arguments that stand behind a call's first one.
fn arguments(behind: &str) -> BTreeSet<String> {
    let (mut depth, mut is_text, mut end) = (1, false, 0);
    let mut names = BTreeSet::new();
    let mut word = String::new();
    for (place, sign) in behind.char_indices() {
        match sign {
            '"' => is_text = !is_text,
            _ if is_text => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '=' if depth == 1 => {
                names.insert(word.trim().to_owned());
            }
            _ => {}
        }
        if sign.is_alphanumeric() || sign == '_' {
            word.push(sign);
        } else if sign != '=' {
            word.clear();
        }
        if depth == 0 {
            end = place;
            break;
        }
    }
    assert!(end > 0 || behind.starts_with(')'), "a call has an end: {behind:.60}");
    names
}

#[test]
fn every_language_has_the_same_texts_and_each_names_the_same() {
    let english = names("en");
    assert!(english.len() > 300, "{}", english.len());
    for language in ["de"] {
        let other = names(language);
        for (id, named) in &english {
            let theirs = other.get(id).unwrap_or_else(|| panic!("{language} lacks {id}"));
            assert_eq!(theirs, named, "{language} {id}");
        }
        let more: Vec<_> = other.keys().filter(|id| !english.contains_key(*id)).collect();
        assert!(more.is_empty(), "{language} has what English has not: {more:?}");
    }
}

#[test]
fn every_text_that_is_said_is_there_and_every_one_that_is_there_is_said() {
    let english = names("en");
    let mut said = BTreeSet::new();
    for (path, template) in files(&root().join("templates"), "") {
        for (id, behind) in quoted(&template, "t(\"") {
            let named = english.get(id).unwrap_or_else(|| panic!("{}: {id}", path.display()));
            assert_eq!(&arguments(behind), named, "{}: {id}", path.display());
            said.insert(id.to_owned());
        }
    }
    for (path, source) in sources() {
        // However a call is laid out.
        let source = source.split("(\n").map(str::trim_start).collect::<Vec<_>>().join("(");
        let own = if path.ends_with("i18n/words.rs") { "self.text(\"" } else { "language.text(\"" };
        for call in [own, "Text::new(\"", "Refusal::notice(problem, \""] {
            for (id, _) in quoted(&source, call) {
                assert!(english.contains_key(id), "{}: {id}", path.display());
            }
        }
        // Where a text's name is found by what happened.
        for file in [
            "web/pages/errors.rs",
            "web/pages/sessions.rs",
            "web/pages/admin/words.rs",
            "services/mail/texts.rs",
        ] {
            for (id, _) in
                quoted(&source, "=> \"").filter(|(id, _)| path.ends_with(file) && id.contains("-"))
            {
                assert!(english.contains_key(id), "{file}: {id}");
            }
        }
        // Some codes are handed on before they are said.
        let mut codes: Vec<String> =
            quoted(&source, "(\"filter_").map(|(code, _)| format!("filter_{code}")).collect();
        let beginnings = ["Detail::new(\"", "malformed(\"", "=> \""];
        for beginning in beginnings {
            let is_rule = beginning == "=> \"";
            if !is_rule
                || path.ends_with("vestibule-core/src/fault.rs")
                || path.ends_with("vestibule-server/src/web/admin/mod.rs")
            {
                codes.extend(quoted(&source, beginning).map(|(code, _)| code.to_owned()));
            }
        }
        // In `host`, a detail that is no code.
        for code in codes.iter().filter(|code| *code != "invalid" && !code.contains([' ', '-'])) {
            let id = format!("fault-{}", code.replace('_', "-"));
            assert!(english.contains_key(&id), "{}: {id}", path.display());
            said.insert(id);
        }
        said.extend(english.keys().filter(|id| source.contains(&format!("\"{id}\""))).cloned());
    }
    for flash in Flash::ALL {
        assert!(english.contains_key(&flash.text()), "{flash:?}");
        said.insert(flash.text());
    }
    said.extend((1..=12).map(|month| format!("date-month-{month}")));
    let idle: Vec<_> = english.keys().filter(|id| !said.contains(*id)).collect();
    assert!(idle.is_empty(), "nobody says {idle:?}");
}

#[test]
fn every_rule_has_its_words_in_every_language() {
    let texts = Texts::ours();
    let faults: Vec<Box<dyn FieldError>> = vec![
        Box::new(NameError::Empty),
        Box::new(NameError::UserNameTooLong),
        Box::new(NameError::Character { character: '!' }),
        Box::new(NameError::EmailTooLong),
        Box::new(NameError::LocalPartLength),
        Box::new(NameError::LocalPart),
        Box::new(NameError::Role),
        Box::new(PasswordProblem::TooShort { min: 15 }),
        Box::new(PasswordProblem::TooLong { max: 1024 }),
        Box::new(PasswordProblem::HoldsContext { word: "maps".to_owned() }),
        Box::new(FileNameError::TooLong),
        Box::new(Taken::Email),
        Box::new(NotChanged::LastSuperUser),
    ];
    for fault in faults {
        let field = FieldProblem::new("field", &&*fault);
        let mut all = BTreeSet::new();
        for language in texts.languages() {
            let said = language.field(&field);
            assert!(!said.contains("$") || fault.code() == "email_local_part", "{said}");
            assert!(said.ends_with('.') || said.ends_with('!'), "{said}");
            for (_, fact) in fault.facts() {
                let fact = serde_json::to_value(fact).unwrap();
                let fact = fact.as_str().map_or(fact.to_string(), str::to_owned);
                assert!(said.contains(&fact), "{said} does not name {fact}");
            }
            all.insert(said);
        }
        assert_eq!(all.len(), texts.languages().len(), "{all:?}");
    }
    // In English the pages say what the API says.
    let field = FieldProblem::new("field", &NameError::LocalPart);
    assert_eq!(texts.language(None).field(&field), NameError::LocalPart.to_string());
}

#[test]
fn a_site_has_its_own_texts_and_languages() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let load = |usual: &str| Texts::load(Some(folder.path()), &Locale::parse(usual).unwrap());
    let in_words = |texts: &Texts, language: &str| {
        texts.language(Locale::parse(language).ok().as_ref()).text("login")
    };
    write("en/own.ftl", "login = Enter\n");
    write("fr/own.ftl", "login = Se connecter\nlanguage-name = Français\n");
    write("fr/notes.txt", "not read");
    write("README.md", "not read");
    let texts = load("de").unwrap();
    let spoken: Vec<_> = texts.locales().iter().map(Locale::as_str).collect();
    assert_eq!(spoken, ["de", "en", "fr"], "the usual one first");
    assert_eq!(in_words(&texts, "en"), "Enter");
    assert_eq!(in_words(&texts, "fr-CA"), "Se connecter");
    assert_eq!(in_words(&texts, "pl"), "Anmelden");
    let french: &Language = texts.language(Locale::parse("fr").ok().as_ref());
    assert_eq!(french.text("nav-home"), "Home", "what is missing is said in English");
    assert_eq!(french.text("no-such-text"), "no-such-text");
    assert!(french.lacks().contains(&"nav-home") && !french.lacks().contains(&"login"));
    let sized = french.say(&Text::new("wait-seconds").with("count", 1));
    assert_eq!(sized, "1 second");

    let wrong = load("pl").unwrap_err().to_string();
    assert!(wrong.contains("pages.language is pl") && wrong.contains("de, en, fr"), "{wrong}");
    write("fr/own.ftl", "login = {\n");
    assert!(load("en").unwrap_err().to_string().contains("own.ftl"));
    write("fr/own.ftl", "");
    write("french/own.ftl", "");
    assert!(load("en").unwrap_err().to_string().contains("french"));
    let nowhere = Texts::load(Some(&folder.path().join("nothing")), &Locale::default());
    assert!(nowhere.unwrap_err().to_string().contains("cannot read"));
}
