//! Puts the actions of providers to work, as far as that needs no request: reads the input, writes the requests, reads
//! the answers, and decides. What an action is, is described in `crate::catalog`.

mod answer;
#[cfg(test)]
mod answer_test;
mod approval;
mod approver;
mod call;
mod caller;
mod decision;
#[cfg(test)]
mod decision_test;
mod denied_by;
mod explain;
mod guard_words;
mod input;
#[cfg(test)]
mod input_test;
mod money;
mod notice;
mod quoting;
mod reading;
mod render;
#[cfg(test)]
mod render_test;
mod rendered;
mod replay;
mod resolve;
mod run;
#[cfg(test)]
mod sample;
mod schema;
mod shown;
mod spending;

pub use answer::{Outcome, outcome};
pub use approval::{ApprovalStatus, Deciders, Destination, Policy, PolicyUpdate, read_decision};
pub use approver::{Grant, KeyOrigin, NotApprover, Question};
pub use call::{Asked, read_call};
pub use caller::Caller;
pub use decision::{Context, Decision, Facts, Obstacle, Reason, Totals, decide};
pub use denied_by::DeniedBy;
pub use explain::{Check, Explained, explain, strictest};
pub use guard_words::{guard_sentences, value_in_words};
pub use input::{amounts, read_input};
pub use money::{Currency, Money, UnknownCurrency};
pub use notice::{MOST_NOTICES, NOTICE_WINDOW, Notice, NoticeStatus, NoticeTells, more_wait, next_tells};
pub use reading::{ReadingProblem, kept};
pub use render::{Known, RenderProblem, render};
pub use rendered::{RenderedBody, RenderedRequest};
pub use replay::{Decided, PastCall, Replay, Rules};
pub use resolve::{Look, Shown, resolved};
pub use run::{RunStatus, Transition};
pub use schema::input_schema;
pub use shown::{sensitive_values, shown_amounts, shown_input};
pub use spending::{Spending, spending};
