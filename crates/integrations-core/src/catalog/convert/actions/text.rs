//! Texts with placeholders, and what each placeholder may be in its place.

use crate::catalog::action::{
    ActionInput, Default, Placeholder, Quoting, Shape, Source, TextPart, TextTemplate,
};
use crate::catalog::problems::Problems;
use crate::catalog::scope::Names;
use crate::catalog::template::is_name;

/// Names of parameters and members whose texts are in a query language.
const QUERY_LANGUAGES: &[&str] =
    &["q", "query", "search", "filter", "jql", "soql", "sosl", "cql", "where", "query_string", "querystring"];

/// What placeholders of an action may name.
pub(super) struct Scope<'a> {
    names: &'a Names<'a>,
    inputs: &'a [ActionInput],
    /// What is kept of the evidence, and whether it may be missing.
    evidence: Vec<(String, bool)>,
    /// What is kept of the steps.
    steps: Vec<(String, bool)>,
    /// The item of the list that is written.
    item: Option<&'a ActionInput>,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// In a path.
    Path,
    /// In a header.
    Header,
    /// A parameter of a query or a field of a form: its name.
    Field(&'a str),
    /// In JSON: the name of the member, if it is one.
    Json(Option<&'a str>),
    /// A text that is compared.
    Compared,
}

impl<'a> Scope<'a> {
    pub(super) fn new(names: &'a Names<'a>, inputs: &'a [ActionInput]) -> Self {
        Self { names, inputs, evidence: Vec::new(), steps: Vec::new(), item: None }
    }

    /// The same scope inside a list.
    pub(super) fn inside(&self, item: &'a ActionInput) -> Self {
        let Self { names, inputs, evidence, steps, .. } = self;
        Self { names, inputs, evidence: evidence.clone(), steps: steps.clone(), item: Some(item) }
    }

    /// Whether a list is being written.
    pub(super) fn is_inside(&self) -> bool {
        self.item.is_some()
    }

    /// Takes a value that `evidence` or `steps` keeps. `false`: there is one of this name.
    pub(super) fn keep(&mut self, which: &str, name: String, optional: bool) -> bool {
        let kept = if which == "evidence" { &mut self.evidence } else { &mut self.steps };
        let is_new = !kept.iter().any(|(other, _)| *other == name);
        kept.push((name, optional));
        is_new
    }

    /// The input called `key`.
    pub(super) fn input(&self, key: &str) -> Option<&'a ActionInput> {
        self.inputs.iter().find(|input| input.key == key)
    }

    /// Whether the evidence keeps `name`.
    pub(super) fn has_evidence(&self, name: &str) -> bool {
        self.evidence.iter().any(|(kept, _)| kept == name)
    }

    /// Whether a step keeps `name`.
    pub(super) fn has_step(&self, name: &str) -> bool {
        self.steps.iter().any(|(kept, _)| kept == name)
    }

    /// Reads what stands before the colon of a placeholder. The error is a sentence.
    fn source(&self, text: &str) -> Result<Source, String> {
        if let Some(name) = text.strip_prefix("evidence.") {
            let known = self.has_evidence(name).then(|| Source::Evidence(name.to_owned()));
            return known.ok_or_else(|| format!("the evidence keeps no `{name}`, or not yet"));
        }
        if let Some(name) = text.strip_prefix("steps.") {
            let known = self.has_step(name).then(|| Source::Step(name.to_owned()));
            return known.ok_or_else(|| format!("the steps keep no `{name}`, or not yet"));
        }
        if text == "run" {
            return Ok(Source::Run);
        }
        if text == "item" || text.starts_with("item.") {
            return self.item_source(text.strip_prefix("item."));
        }
        if !is_name(text) {
            return Err(format!("`{{{text}}}` is not a placeholder"));
        }
        if self.input(text).is_some() {
            return Ok(Source::Input(text.to_owned()));
        }
        let unknown = format!("`{{{text}}}` is no input of this action, and no value of the connection");
        match self.names.stored(text) {
            Ok(Some(_)) => Ok(Source::Stored(text.to_owned())),
            Ok(None) => Err(unknown),
            Err(reason) => Err(reason),
        }
    }

    fn item_source(&self, member: Option<&str>) -> Result<Source, String> {
        let item = self.item.ok_or("`{item}` has a value only inside of `each`")?;
        match (member, &item.shape) {
            (None, _) => Ok(Source::Item(None)),
            (Some(name), Shape::Object(fields)) if fields.iter().any(|field| field.key == name) => {
                Ok(Source::Item(Some(name.to_owned())))
            }
            (Some(name), _) => Err(format!("the items have no `{name}`")),
        }
    }

    /// The shape of an input or an item. Other values are texts, numbers or booleans.
    fn shape(&self, source: &Source) -> Option<&'a ActionInput> {
        match source {
            Source::Input(key) => self.input(key),
            Source::Item(None) => self.item,
            Source::Item(Some(name)) => match &self.item?.shape {
                Shape::Object(fields) => fields.iter().find(|field| field.key == *name),
                _ => None,
            },
            Source::Stored(_) | Source::Evidence(_) | Source::Step(_) | Source::Run => None,
        }
    }

    /// Whether a value may be missing.
    fn may_be_absent(&self, source: &Source) -> bool {
        let optional = |kept: &[(String, bool)], name: &str| kept.iter().any(|(k, o)| k == name && *o);
        match source {
            Source::Input(_) | Source::Item(Some(_)) => self.shape(source).is_none_or(|input| {
                !input.required && matches!(input.default, None | Some(Default::Left(_)))
            }),
            Source::Stored(name) => matches!(self.names.stored(name), Ok(Some(stored)) if stored.is_absent),
            Source::Evidence(name) => optional(&self.evidence, name),
            Source::Step(name) => optional(&self.steps, name),
            Source::Item(None) | Source::Run => false,
        }
    }
}

/// Reads a text and checks its placeholders.
pub(super) fn text(
    text: &str,
    path: &str,
    place: Place<'_>,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<TextTemplate> {
    let pieces = problems.ok(path, pieces(text))?;
    let is_whole = pieces.len() == 1;
    let (mut parts, mut before, mut is_right) = (Vec::new(), String::new(), true);
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => {
                before.push_str(literal);
                parts.push(TextPart::Literal(literal.to_owned()));
            }
            Piece::Place(written) => {
                let read = placeholder(written, scope).and_then(|found| {
                    check(&found, place, if is_whole { None } else { Some(&before) }, scope)?;
                    Ok(found)
                });
                let read = problems.ok(path, read);
                is_right &= read.is_some();
                parts.extend(read.map(TextPart::Value));
            }
        }
    }
    is_right.then_some(TextTemplate { parts })
}

enum Piece<'t> {
    Literal(&'t str),
    Place(&'t str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let unpaired = "a `{` without `}`, or a `}` without `{`";
    while let Some(open) = rest.find(['{', '}']) {
        let (literal, tail) = rest.split_at(open);
        let (place, after) = tail.strip_prefix('{').and_then(|tail| tail.split_once('}')).ok_or(unpaired)?;
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        pieces.push(Piece::Place(place));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    Ok(pieces)
}

/// Reads `name`, or `name:quoting`.
fn placeholder(text: &str, scope: &Scope<'_>) -> Result<Placeholder, String> {
    let (name, quoting) = text.split_once(':').map_or((text, None), |(name, quoting)| (name, Some(quoting)));
    let quoting = quoting.map(str::parse::<Quoting>).transpose();
    let quoting = quoting.map_err(|unknown| format!("not a quoting: {unknown}"))?;
    Ok(Placeholder { source: scope.source(name)?, quoting })
}

/// Checks a placeholder in its place. `before` is the text before it; `None`: it is the whole text.
fn check(
    found: &Placeholder,
    place: Place<'_>,
    before: Option<&str>,
    scope: &Scope<'_>,
) -> Result<(), String> {
    let input = scope.shape(&found.source);
    let shape = input.map(|input| &input.shape);
    let is_list = matches!(shape, Some(Shape::List { .. }));
    let is_object = matches!(shape, Some(Shape::Object(_) | Shape::Map { .. }));
    let lists_texts = matches!(shape, Some(Shape::List { items, .. })
        if !matches!(items.shape, Shape::List { .. } | Shape::Object(_) | Shape::Map { .. }));
    match (place, before) {
        (Place::Header, _) if !may_be_in_header(&found.source, input) => {
            return Err(
                "a header can have no value of an answer, and one of an input only if that is a text with a \
                        `pattern` or `options` and without `lines`"
                    .into(),
            );
        }
        (Place::Json(_), None) => {}
        (Place::Field(_), None) if lists_texts => {}
        _ if is_list || is_object => {
            return Err(
                "a list or an object cannot be a part of a text, and only JSON can have an object".into()
            );
        }
        _ => {}
    }
    if is_list && found.quoting.is_some() {
        return Err("a list has no quoting".into());
    }
    if place == Place::Path && scope.may_be_absent(&found.source) {
        return Err("a value in a path must be required, or have a default".into());
    }
    if let (Place::Path | Place::Header, Source::Stored(name)) = (place, &found.source)
        && matches!(scope.names.stored(name), Ok(Some(stored)) if stored.is_free)
    {
        return Err(format!("`{name}` needs a pattern to be used here"));
    }
    check_quoting(found, place, before, input)
}

/// Whether a value may be in a header: it has no line breaks, and of what a caller gives only what is ASCII.
fn may_be_in_header(source: &Source, input: Option<&ActionInput>) -> bool {
    match (source, input.map(|input| &input.shape)) {
        (Source::Stored(_) | Source::Run, _) => true,
        (Source::Input(_), Some(Shape::Text(text))) => {
            !text.lines && (text.pattern.is_some() || !text.options.is_empty())
        }
        _ => false,
    }
}

/// Checks that a value cannot leave its place in a text of a query language.
fn check_quoting(
    found: &Placeholder,
    place: Place<'_>,
    before: Option<&str>,
    input: Option<&ActionInput>,
) -> Result<(), String> {
    let name = match place {
        Place::Field(name) | Place::Json(Some(name)) => name,
        Place::Path | Place::Header | Place::Json(None) | Place::Compared => return Ok(()),
    };
    let is_query = QUERY_LANGUAGES.contains(&name.to_ascii_lowercase().as_str());
    let Some(before) = before.filter(|_| is_query && found.source != Source::Run) else { return Ok(()) };
    let quote = match found.quoting {
        None => {
            return Err(format!(
                "`{name}` is in a query language: a value inside of it needs a quoting, such as `{{name:search}}`"
            ));
        }
        Some(Quoting::Soql) => '\'',
        Some(Quoting::Search) => '"',
        Some(Quoting::Slack | Quoting::Html) => return Err("this is no quoting of a query language".into()),
    };
    // A value of a closed form has nothing that could be a word of the language.
    let is_closed = input.is_some_and(|input| match &input.shape {
        Shape::Text(text) => text.pattern.is_some() || text.format.is_some() || !text.options.is_empty(),
        _ => true,
    });
    if !is_closed && before.matches(quote).count() % 2 == 0 {
        return Err(format!("the value must stand between {quote} and {quote}"));
    }
    Ok(())
}
