//! How templates say something: `t("id", name=value)`.

use std::{str::FromStr, sync::Arc};

use fluent_bundle::{FluentArgs, FluentValue, types::FluentNumber};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, HtmlEscape, State, Value, value::Kwargs,
};

use super::language::Language;

/// Has the templates of an environment say everything in this language.
pub(crate) fn add_to(environment: &mut Environment<'_>, language: &Arc<Language>) {
    let speaker = Arc::clone(language);
    environment.add_function("t", move |state: &State<'_, '_>, id: &str, args: Kwargs| {
        say(&speaker, state, id, &args)
    });
    let speaker = Arc::clone(language);
    environment.add_filter("date", move |seconds: i64| {
        Value::from_safe_string(speaker.time_element(seconds))
    });
    environment.add_filter("wrap", wrap);
    environment.add_global("lang", language.locale().as_str());
}

/// A text is trusted, and what is put into it is not.
fn say(
    language: &Language,
    state: &State<'_, '_>,
    id: &str,
    given: &Kwargs,
) -> Result<Value, Error> {
    let escapes = !matches!(state.auto_escape(), AutoEscape::None);
    let mut args = FluentArgs::new();
    for name in given.args() {
        let value: Value = given.get(name)?;
        args.set(name.to_owned(), argument(name, &value, escapes)?);
    }
    let text = language.format(id, &args);
    Ok(if escapes { Value::from_safe_string(text) } else { Value::from(text) })
}

fn argument(name: &str, value: &Value, escapes: bool) -> Result<FluentValue<'static>, Error> {
    if value.is_undefined() || value.is_none() {
        let what = format!("{name} is missing, but a text needs it");
        return Err(Error::new(ErrorKind::UndefinedError, what));
    }
    let text = value.to_string();
    if value.is_number()
        && let Ok(number) = FluentNumber::from_str(&text)
    {
        return Ok(FluentValue::Number(number));
    }
    let is_markup = !escapes || value.is_safe();
    Ok(FluentValue::from(if is_markup { text } else { HtmlEscape(&text).to_string() }))
}

/// How many characters a line of a plain mail has at most (RFC 3676 section 4.2), but for a single word.
const WIDTH: usize = 72;

/// A paragraph in lines.
fn wrap(text: &str) -> String {
    let mut wrapped = String::with_capacity(text.len());
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            wrapped.push('\n');
            width = 0;
        } else if width > 0 {
            wrapped.push(' ');
            width += 1;
        }
        wrapped.push_str(word);
        width += length;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_broken_between_words_alone() {
        let word = "a".repeat(35);
        assert_eq!(wrap(&format!("{word}  {word} x")), format!("{word} {word}\nx"));
        let long = "b".repeat(100);
        assert_eq!(wrap(&format!("a {long} c")), format!("a\n{long}\nc"));
        assert_eq!(wrap(" "), "");
    }
}
