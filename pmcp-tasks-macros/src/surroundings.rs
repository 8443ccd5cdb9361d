//! The code around a tool's function. A macro gets its own item alone, and some mistakes are in where it stands: in an
//! `impl`, beside a type that is called as one of ours will be. So the file is read, for what is said about such a mistake;
//! nothing that is right depends on it.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fs,
    path::PathBuf,
    rc::Rc,
    time::SystemTime,
};

use syn::{Attribute, Block, Ident, ImplItem, Item, Stmt, TraitItem, UseTree};

/// The attributes that make a tool of a function, or an offer: a type of its name stands for it.
const ATTRIBUTES: [&str; 4] = ["complete", "prompt", "resource", "task_tool"];

/// The scopes of a file in which tools stand.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    scopes: Vec<Scope>,
}

/// A module, a function's body, an `impl` or a trait.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The `impl` or trait it is, in which no tool can stand.
    pub(crate) holder: Option<&'static str>,
    /// The functions that are tools, and whether each is there under every configuration.
    tools: Vec<(String, bool)>,
    /// The types and modules that are there under every configuration.
    types: HashSet<String>,
}

impl Surroundings {
    /// Those of the macro call that runs now; none if its file cannot be read.
    pub(crate) fn here() -> Rc<Self> {
        thread_local! {
            static FILES: RefCell<HashMap<PathBuf, (SystemTime, Rc<Surroundings>)>> = RefCell::default();
        }
        let read = || {
            let path = proc_macro::Span::call_site().local_file()?;
            let modified = fs::metadata(&path).ok()?.modified().ok()?;
            let known = FILES.with_borrow(|files| files.get(&path).filter(|(at, _)| *at == modified).cloned());
            if let Some((_, known)) = known {
                return Some(known);
            }
            let read = Rc::new(Self::of(&fs::read_to_string(&path).ok()?));
            FILES.with_borrow_mut(|files| files.insert(path, (modified, read.clone())));
            Some(read)
        };
        read().unwrap_or_default()
    }

    /// Those in a file with this text.
    pub(crate) fn of(text: &str) -> Self {
        let mut surroundings = Self::default();
        if let Ok(file) = syn::parse_file(text) {
            surroundings.look(&file.items);
        }
        surroundings
    }

    /// The scope of the tool with this function, unless several have one of the name.
    pub(crate) fn scope(&self, function: &str) -> Option<&Scope> {
        let mut scopes = self.scopes.iter().filter(|scope| scope.has(function));
        scopes.next().filter(|_| scopes.next().is_none())
    }

    fn look(&mut self, items: &[Item]) {
        let mut scope = Scope::default();
        for item in items {
            scope.add(item);
            match item {
                Item::Mod(module) => self.look(module.content.as_ref().map_or(&[], |(_, items)| items)),
                Item::Fn(function) => self.look_inside(&function.block),
                Item::Impl(block) => {
                    let functions = block.items.iter().filter_map(|item| match item {
                        ImplItem::Fn(function) => Some((&function.sig.ident, &function.attrs)),
                        _ => None,
                    });
                    self.scopes.push(Scope::of_functions("the `impl`", functions));
                }
                Item::Trait(block) => {
                    let functions = block.items.iter().filter_map(|item| match item {
                        TraitItem::Fn(function) => Some((&function.sig.ident, &function.attrs)),
                        _ => None,
                    });
                    self.scopes.push(Scope::of_functions("the trait", functions));
                }
                _ => {}
            }
        }
        self.scopes.push(scope);
    }

    fn look_inside(&mut self, block: &Block) {
        let items = block.stmts.iter().filter_map(|statement| match statement {
            Stmt::Item(item) => Some(item.clone()),
            _ => None,
        });
        let items: Vec<Item> = items.collect();
        self.look(&items);
    }
}

impl Scope {
    fn of_functions<'a>(
        holder: &'static str,
        functions: impl Iterator<Item = (&'a Ident, &'a Vec<Attribute>)>,
    ) -> Self {
        let tools = functions.filter(|(_, attrs)| is_tool(attrs));
        let tools = tools.map(|(name, attrs)| (name.to_string(), is_always_there(attrs)));
        Self { holder: Some(holder), tools: tools.collect(), types: HashSet::new() }
    }

    fn has(&self, function: &str) -> bool {
        self.tools.iter().any(|(tool, _)| tool == function)
    }

    /// Tells whether several tools have this function under every configuration, so that none compiles.
    pub(crate) fn repeats(&self, function: &str) -> bool {
        self.tools.iter().filter(|(tool, is_always)| tool == function && *is_always).count() > 1
    }

    /// Tells whether a type or module of this name is there.
    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.types.contains(name)
    }

    fn add(&mut self, item: &Item) {
        let (attrs, name) = match item {
            Item::Fn(function) if is_tool(&function.attrs) => {
                self.tools.push((function.sig.ident.to_string(), is_always_there(&function.attrs)));
                return;
            }
            Item::Struct(item) => (&item.attrs, &item.ident),
            Item::Enum(item) => (&item.attrs, &item.ident),
            Item::Union(item) => (&item.attrs, &item.ident),
            Item::Type(item) => (&item.attrs, &item.ident),
            Item::Trait(item) => (&item.attrs, &item.ident),
            Item::Mod(item) => (&item.attrs, &item.ident),
            Item::Use(item) => {
                if is_always_there(&item.attrs) {
                    self.add_imports(&item.tree);
                }
                return;
            }
            _ => return,
        };
        if is_always_there(attrs) {
            self.types.insert(name.to_string());
        }
    }

    /// Names that begin like a type: what others import may be no type at all.
    fn add_imports(&mut self, tree: &UseTree) {
        let name = match tree {
            UseTree::Path(path) => return self.add_imports(&path.tree),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.add_imports(tree)),
            UseTree::Name(name) => name.ident.to_string(),
            UseTree::Rename(rename) => rename.rename.to_string(),
            UseTree::Glob(_) => return,
        };
        if name.starts_with(char::is_uppercase) {
            self.types.insert(name);
        }
    }
}

fn is_tool(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        attr.path().segments.last().is_some_and(|segment| ATTRIBUTES.iter().any(|name| segment.ident == name))
    })
}

fn is_always_there(attrs: &[Attribute]) -> bool {
    !attrs.iter().any(|attr| attr.path().is_ident("cfg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
        use other::{Cx, AddArgs as Given, lower};
        struct A;
        #[cfg(unix)] struct OnUnix;
        impl A { #[task_tool] async fn method(a: u8) {} fn other() {} }
        trait T { #[pmcp_tasks::task_tool(read_only)] async fn required(); }
        #[task_tool] async fn free() { struct Inner; #[task_tool] async fn local() {} }
        mod m { enum Free {} #[task_tool] async fn twice() {} #[task_tool] async fn twice() {} }
        #[task_tool] async fn ambiguous() {}
        mod n { #[task_tool] async fn ambiguous() {} }
        #[cfg(unix)] #[task_tool] async fn either() {}
        #[cfg(windows)] #[task_tool] async fn either() {}
        macro_rules! tool { () => { impl B { #[task_tool] async fn written() {} } } }
    ";

    #[test]
    fn a_tool_is_found_in_its_scope() {
        let file = Surroundings::of(FILE);
        let holder = |function| file.scope(function).and_then(|scope| scope.holder);
        assert_eq!((holder("method"), holder("required")), (Some("the `impl`"), Some("the trait")));
        assert_eq!((holder("free"), holder("local"), holder("other")), (None, None, None));
        assert!(file.scope("other").is_none() && file.scope("written").is_none() && file.scope("ambiguous").is_none());
        let repeats = |function| file.scope(function).is_some_and(|scope| scope.repeats(function));
        assert!(repeats("twice") && !repeats("either") && !repeats("free"));
    }

    #[test]
    fn a_scope_has_its_own_types() {
        let file = Surroundings::of(FILE);
        let has = |function, name| file.scope(function).is_some_and(|scope| scope.has_type(name));
        assert!(["A", "T", "m", "Cx", "Given"].iter().all(|name| has("free", name)));
        assert!(["AddArgs", "lower", "OnUnix", "Inner", "Free"].iter().all(|name| !has("free", name)));
        assert!(has("local", "Inner") && has("twice", "Free"));
    }

    #[test]
    fn a_file_that_does_not_parse_has_none() {
        assert!(Surroundings::of("fn (").scopes.is_empty());
    }
}
