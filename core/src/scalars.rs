//! State of types that live over borrowed arrays: everything but the arrays, as a value that can be kept.

/// Declares `$name`, a copy of the fields `keeps` of `$owner`, and how it is taken and given back. Every field must be named in
/// one of the two lists, so that a new one cannot be forgotten.
macro_rules! scalars {
    (
        $(#[$doc:meta])*
        $name:ident of ($($owner:tt)+),
        keeps { $($field:ident: $type:ty),* $(,)? } lives_in { $($array:ident),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(crate) struct $name {
            $($field: $type),*
        }

        $($owner)+ {
            pub(crate) fn scalars(&self) -> $name {
                let Self { $($field,)* $($array: _),* } = self;
                $name { $($field: $field.clone()),* }
            }

            pub(crate) fn set_scalars(&mut self, scalars: $name) {
                let $name { $($field),* } = scalars;
                $(self.$field = $field;)*
            }
        }
    };
}
pub(crate) use scalars;
