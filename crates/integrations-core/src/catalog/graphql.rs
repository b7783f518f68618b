//! Reads the GraphQL documents of provider files.

use apollo_parser::{
    Parser,
    cst::{Definition, OperationDefinition, Selection, Type, VariableDefinition},
};

/// The most tokens of a document, and its deepest nesting.
const LIMITS: (usize, usize) = (5_000, 50);

/// The one operation of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// Whether it is a query, which changes nothing. Otherwise it is a mutation.
    pub(super) is_query: bool,
    /// The fields that it asks for at the top.
    pub(super) fields: Vec<String>,
    /// Its variables, and whether each must be given.
    pub(super) variables: Vec<(String, bool)>,
}

impl Operation {
    /// Reads a document with exactly one query or mutation, and perhaps fragments. The error is a sentence.
    pub(super) fn parse(document: &str) -> Result<Self, String> {
        let (tokens, depth) = LIMITS;
        let tree = Parser::new(document).token_limit(tokens).recursion_limit(depth).parse();
        if let Some(error) = tree.errors().next() {
            return Err(format!("not a GraphQL document: {}, at byte {}", error.message(), error.index()));
        }
        let (mut operations, mut others) = (Vec::new(), 0);
        for definition in tree.document().definitions() {
            match definition {
                Definition::OperationDefinition(operation) => operations.push(operation),
                Definition::FragmentDefinition(_) => {}
                _ => others += 1,
            }
        }
        match operations.as_slice() {
            [operation] if others == 0 => Self::of(operation),
            _ => Err("a document must have exactly one operation, and beside it only fragments".into()),
        }
    }

    fn of(operation: &OperationDefinition) -> Result<Self, String> {
        let kind = operation.operation_type();
        if kind.as_ref().is_some_and(|kind| kind.subscription_token().is_some()) {
            return Err("a subscription has no single answer".into());
        }
        let selections = operation.selection_set().into_iter().flat_map(|set| set.selections());
        let variables = operation
            .variable_definitions()
            .into_iter()
            .flat_map(|all| all.variable_definitions())
            .filter_map(|one| {
                let is_given = one.default_value().is_none() && is_non_null(&one);
                Some((one.variable()?.name()?.text().to_string(), is_given))
            })
            .collect();
        Ok(Self {
            is_query: kind.is_none_or(|kind| kind.mutation_token().is_none()),
            fields: selections.map(|selection| field(&selection)).collect::<Result<_, _>>()?,
            variables,
        })
    }
}

fn is_non_null(variable: &VariableDefinition) -> bool {
    matches!(variable.ty(), Some(Type::NonNullType(_)))
}

fn field(selection: &Selection) -> Result<String, String> {
    match selection {
        Selection::Field(field) => {
            field.name().map(|name| name.text().to_string()).ok_or_else(|| "a field has no name".into())
        }
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => {
            Err("write the fields at the top of an operation without fragments".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_names_its_fields_and_variables() {
        let mutation = "mutation Pay($a: ID!, $b: Int = 1, $c: [ID!]) { one: pay(a: $a) { ...p } two { id } }\n\
                        fragment p on Paid { id }";
        assert_eq!(
            Operation::parse(mutation).unwrap(),
            Operation {
                is_query: false,
                fields: vec!["pay".into(), "two".into()],
                variables: vec![("a".into(), true), ("b".into(), false), ("c".into(), false)],
            }
        );
        assert!(Operation::parse("{ viewer { id } }").unwrap().is_query);
        assert!(Operation::parse("query { viewer { id } }").unwrap().is_query);
    }

    #[test]
    fn what_is_not_one_operation_is_refused() {
        for wrong in [
            "",
            "{",
            "{ a } { b }",
            "query A { a } mutation B { b }",
            "subscription { a }",
            "fragment p on Paid { id }",
            "{ ...p } fragment p on Query { a }",
            "{ a } type A { id: ID }",
            &format!("{}{}", "{a".repeat(3_000), "}".repeat(3_000)),
        ] {
            assert!(Operation::parse(wrong).is_err(), "{wrong:.40}");
        }
    }
}
