//! A client of the Integrations API, made from its specification.

progenitor::generate_api!(spec = "openapi-3.0.json", interface = Builder);
