//! The fields of forms: label, control, help and error message.

use maud::{Markup, html};

/// The parts of a field around its control. The control's id is the field's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// The name that its value is sent under.
    pub(crate) name: &'a str,
    /// Its label.
    pub(crate) label: &'a str,
    /// What it is, and where to find it.
    pub(crate) help: Option<&'a str>,
    /// What is wrong with the value that was sent.
    pub(crate) problem: Option<&'a str>,
    /// Whether it may be left empty.
    pub(crate) presence: Presence,
}

/// Whether a field may be left empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must be filled in.
    Required,
    /// It may be left empty, and says so because others beside it may not.
    Optional,
    /// It may be left empty, like all others beside it.
    Free,
}

impl Presence {
    /// The presence of a field that may be beside both required and optional fields.
    pub(crate) fn marked(is_required: bool) -> Self {
        if is_required { Self::Required } else { Self::Optional }
    }
}

/// A field of text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Text<'a> {
    /// The value.
    pub(crate) value: &'a str,
    /// An example of a value.
    pub(crate) example: Option<&'a str>,
    /// Shown before the input. It is not part of the value.
    pub(crate) prefix: Option<&'a str>,
    /// Shown after the input. It is not part of the value.
    pub(crate) suffix: Option<&'a str>,
    /// The most characters.
    pub(crate) longest: Option<u64>,
    /// The value of `autocomplete`, if it has one.
    pub(crate) autocomplete: Option<&'a str>,
}

/// A field of a number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Number<'a> {
    /// The value, as it is written.
    pub(crate) value: &'a str,
    /// The value that is used if it is empty.
    pub(crate) example: Option<&'a str>,
    /// The smallest allowed value.
    pub(crate) least: Option<&'a str>,
    /// The largest allowed value.
    pub(crate) most: Option<&'a str>,
    /// Whether it is a whole number.
    pub(crate) is_whole: bool,
}

impl Field<'_> {
    /// Text on one line.
    pub(crate) fn text(&self, text: &Text<'_>) -> Markup {
        let input = html! {
            input type="text" id=(self.name) name=(self.name) value=(text.value) placeholder=[text.example]
                maxlength=[text.longest] autocomplete=(text.autocomplete.unwrap_or("off"))
                autocapitalize="none" spellcheck="false" required[self.is_required()]
                data-prefix=[text.prefix] data-suffix=[text.suffix]
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        };
        self.around(&html! {
            @if text.prefix.is_some() || text.suffix.is_some() {
                div.affixed {
                    @if let Some(prefix) = text.prefix { span.affix aria-hidden="true" { (prefix) } }
                    (input)
                    @if let Some(suffix) = text.suffix { span.affix aria-hidden="true" { (suffix) } }
                }
            } @else { (input) }
        })
    }

    /// A moment, as `2026-05-17T12:00`, without its time zone.
    pub(crate) fn moment(&self, value: &str) -> Markup {
        self.around(&html! {
            input.short type="datetime-local" id=(self.name) name=(self.name) value=(value)
                required[self.is_required()]
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        })
    }

    /// A secret. The page never shows it again; only the button that works with the script shows what was typed.
    pub(crate) fn secret(&self) -> Markup {
        self.around(&html! {
            div.affixed {
                input type="password" id=(self.name) name=(self.name) autocomplete="off" autocapitalize="none"
                    spellcheck="false" required[self.is_required()]
                    aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
                button.affix type="button" hidden data-reveals=(self.name) aria-pressed="false" { "Show" }
            }
        })
    }

    /// Text on several lines.
    pub(crate) fn lines(&self, value: &str, rows: u8) -> Markup {
        self.around(&html! {
            // The first line break after the tag is not part of the value.
            textarea id=(self.name) name=(self.name) rows=(rows) autocapitalize="none" spellcheck="false"
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] { "\n" (value) }
        })
    }

    /// A number.
    pub(crate) fn number(&self, number: &Number<'_>) -> Markup {
        let mode = if number.is_whole { "numeric" } else { "decimal" };
        self.around(&html! {
            input.short type="number" id=(self.name) name=(self.name) value=(number.value)
                placeholder=[number.example] min=[number.least] max=[number.most] inputmode=(mode)
                step=(if number.is_whole { "1" } else { "any" }) autocomplete="off" required[self.is_required()]
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        })
    }

    /// One of several choices, each with its value and label.
    pub(crate) fn choice<'c>(
        &self,
        chosen: &str,
        choices: impl IntoIterator<Item = (&'c str, &'c str)>,
    ) -> Markup {
        self.around(&html! {
            select id=(self.name) name=(self.name)
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] {
                @for (value, label) in choices {
                    option value=(value) selected[value == chosen] { (label) }
                }
            }
        })
    }

    /// One of a few choices, each with its value, its label and whether it is chosen. The field's label stands beside
    /// them.
    pub(crate) fn choice_beside(&self, choices: &[(&str, &str, bool)], marks: &Markup) -> Markup {
        html! {
            div.field.switched {
                select id=(self.name) name=(self.name)
                    aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] {
                    @for (value, label, is_chosen) in choices {
                        option value=(value) selected[*is_chosen] { (label) }
                    }
                }
                div {
                    label for=(self.name) { (self.label) } (marks)
                    (self.notes())
                }
            }
        }
    }

    /// A switch, with its label beside it.
    pub(crate) fn switch(&self, is_on: bool, is_disabled: bool, marks: &Markup) -> Markup {
        html! {
            div.field.switched {
                input.switch type="checkbox" role="switch" id=(self.name) name=(self.name) value="on"
                    checked[is_on] disabled[is_disabled]
                    aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
                div {
                    label for=(self.name) { (self.label) } (marks)
                    (self.notes())
                }
            }
        }
    }

    /// A box to tick, with its label beside it.
    pub(crate) fn tick(&self, is_ticked: bool, marks: &Markup) -> Markup {
        html! {
            div.ticked {
                input type="checkbox" id=(self.name) name=(self.name) value="on" checked[is_ticked]
                    aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
                div {
                    label for=(self.name) { (self.label) } (marks)
                    (self.notes())
                }
            }
        }
    }

    fn around(&self, control: &Markup) -> Markup {
        html! {
            div.field {
                label for=(self.name) { (self.label) @if self.presence == Presence::Optional { " " span.optional { "optional" } } }
                (control)
                (self.notes())
            }
        }
    }

    fn notes(&self) -> Markup {
        html! {
            @if let Some(problem) = self.problem { p.problem id={ (self.name) "-problem" } { (problem) } }
            @if let Some(help) = self.help { p.help id={ (self.name) "-help" } { (help) } }
        }
    }

    fn is_required(&self) -> bool {
        self.presence == Presence::Required
    }

    fn invalid(&self) -> Option<&'static str> {
        self.problem.map(|_| "true")
    }

    fn described_by(&self) -> Option<String> {
        let problem = self.problem.map(|_| format!("{}-problem", self.name));
        let help = self.help.map(|_| format!("{}-help", self.name));
        let ids: Vec<String> = problem.into_iter().chain(help).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// Boxes that belong together. What is wrong with the choice among them stands above them.
pub(crate) fn group(name: &str, legend: &str, problem: Option<&str>, boxes: &Markup) -> Markup {
    let problem_id = format!("{name}-problem");
    html! {
        fieldset.boxes aria-describedby=[problem.map(|_| &problem_id)] {
            legend { (legend) }
            @if let Some(problem) = problem { p.problem id=(problem_id) { (problem) } }
            (boxes)
        }
    }
}
