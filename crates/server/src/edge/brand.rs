//! How the pages that customers see present themselves: what the operator has set, and what a project has of its own.

use std::{collections::BTreeMap, sync::Arc};

use integrations_core::{
    branding::{Accent, Branding, Support},
    issue::Issue,
    picture::{Logo, Picture},
    project::ProjectUpdate,
};

/// What pages for customers are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brands {
    /// What the operator has set.
    pub own: Branding,
    /// The operator's logo.
    pub logo: Option<Arc<Logo>>,
    /// The logos that projects may name, by the names of their files.
    pub logos: BTreeMap<String, Arc<Logo>>,
}

/// How a page presents itself. What is missing is neutral.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// A name.
    pub name: Option<String>,
    /// A logo.
    pub logo: Option<Arc<Logo>>,
    /// The colour of buttons and links.
    pub accent: Option<Accent>,
    /// Whom a customer asks.
    pub support: Option<Support>,
}

impl Look {
    /// The look without a brand.
    pub const NEUTRAL: Self = Self { name: None, logo: None, accent: None, support: None };
}

impl Brands {
    /// The look of a project's pages. A project with a name of its own shows no logo of somebody else.
    pub fn look(&self, project: Option<&Branding>) -> Look {
        let nothing = Branding::default();
        let project = project.unwrap_or(&nothing);
        let logo = project.logo.as_ref().and_then(|file| self.logos.get(file)).cloned();
        let others = self.logo.clone().filter(|_| project.name.is_none());
        Look {
            name: project.name.clone().or_else(|| self.own.name.clone()),
            logo: logo.or(others),
            accent: project.accent.or(self.own.accent),
            support: project.support.clone().or_else(|| self.own.support.clone()),
        }
    }

    /// Checks that the logo that a project is to have is there. The issue says which are.
    pub fn check(&self, update: &ProjectUpdate) -> Result<(), Issue> {
        let named =
            update.branding.as_ref().and_then(Option::as_ref).and_then(|branding| branding.logo.as_ref());
        let Some(file) = named.filter(|file| !self.logos.contains_key(*file)) else { return Ok(()) };
        let there: Vec<&str> = self.logos.keys().map(String::as_str).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        Err(Issue::new("branding.logo", format!("The operator has no logo {file}; there is {there}")))
    }

    /// The picture with this name in an address.
    pub fn picture(&self, name: &str) -> Option<&Picture> {
        let logos = self.logos.values().chain(&self.logo);
        logos.flat_map(|logo| logo.pictures()).find(|picture| picture.name == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_project_comes_before_the_operator() {
        let logo = |text: &str| {
            let light = Picture::new("a.svg", format!("<svg>{text}</svg>").into_bytes()).unwrap();
            Arc::new(Logo { light, dark: None })
        };
        let read = |value| Branding::read(&value).unwrap();
        let brands = Brands {
            own: read(json!({"name": "Operator", "accent": "#4a45d8", "support": "help@operator.example"})),
            logo: Some(logo("operator")),
            logos: BTreeMap::from([("acme.svg".to_owned(), logo("acme"))]),
        };
        assert_eq!(brands.look(None).logo, brands.logo);
        let own = brands.look(Some(&read(json!({"name": "Acme"}))));
        assert_eq!((own.name.as_deref(), &own.logo), (Some("Acme"), &None));
        assert_eq!((own.accent, own.support), (brands.own.accent, brands.own.support.clone()));
        let with_logo = brands.look(Some(&read(json!({"logo": "acme.svg"}))));
        assert_eq!(
            (with_logo.name.as_deref(), with_logo.logo.as_ref()),
            (Some("Operator"), brands.logos.get("acme.svg"))
        );
        assert_eq!(brands.look(Some(&read(json!({"name": "Acme", "logo": "gone.svg"})))).logo, None);
        assert_eq!(Brands::default().look(None), Look::NEUTRAL);
    }
}
