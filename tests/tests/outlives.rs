//! What of a livepatch the kernel can keep, and what it would free.

use anyhow::{Result, ensure};
use klp_core::livepatch::UnlinkedLivepatch;
use klp_tests::small::{Small, for_each_compiler};

use crate::happens::{AFTER, codes, note, refused, show};

#[test]
fn pointers_that_the_kernel_can_keep() -> Result<()> {
    for_each_compiler("pointers_that_the_kernel_can_keep", |compiler| {
        let tick = "struct timer { struct timer *next; void (*function)(struct timer *); };
            void exported(const char *);
            static __attribute__((noinline)) void tick(struct timer *timer) { exported(\"tick\"); }
            static struct timer timer = { 0, tick };
            static const struct timer ops = { 0, tick };
            static struct timer plain;
            static const struct timer quiet = { 0, 0 }, third = { 0, 0 };
            static const struct { void *next; void (*function)(const char *); } known = { 0, exported };
            static const char *const names[] = { \"one\", \"two\" };
            static int (*const table[])(int);";
        let outlives = |body: &str| -> Result<UnlinkedLivepatch> { show(compiler, "", tick, body) };
        let livepatch = outlives("exported((void *)&timer);")?;
        assert_eq!(livepatch.refused, []);
        let why = &note(&livepatch, "outlives", "timer")?.why;
        ensure!(why.contains("show hands out its address, which leads to tick()"), "{why}");
        note(&outlives("exported((void *)&ops);")?, "outlives", "ops")?;
        note(&outlives("exported((void *)tick);")?, "outlives", "tick")?;
        note(&outlives("*(struct timer **)n = &plain;")?, "outlives", "plain")?;
        // Constants and texts that are written somewhere.
        note(&outlives("*(const char **)n = \"stored\";")?, "outlives", "\"stored\"")?;
        note(&outlives("*(const struct timer **)n = &quiet;")?, "outlives", "quiet")?;
        // On one of two ways, or as a result.
        let chosen = "*(const struct timer **)n = n & 1 ? &quiet : &third;";
        note(&outlives(chosen)?, "outlives", "third")?;
        note(
            &outlives("*(const char **)n = n & 1 ? *(char **)n : \"chosen\";")?,
            "outlives",
            "\"chosen\"",
        )?;
        let result = "static __attribute__((noinline)) const char *name(int n) { return n ? \"full\" : 0; }\n";
        let livepatch = show(compiler, "", &format!("{tick}{result}"), "exported(name(n));")?;
        note(&livepatch, "outlives", "\"full\"")?;
        // Operations are what functions of the kernel get, also if the kernel has all that they lead to.
        note(&outlives("exported((void *)&known);")?, "outlives", "known")?;
        note(&outlives("exported(n ? (void *)&known : 0);")?, "outlives", "known")?;
        // The head of a list, and what calls a function of the kernel.
        let lists = "struct list { struct list *next, *prev; };
            static struct list list = { &list, &list }, later;
            void exported(const char *);
            static struct { struct list list; void (*function)(const char *); } work = { { 0, 0 }, exported };
            static int lock;
            struct mutex { long owner; struct list waiting; };
            static struct mutex mutex = { 0, { &mutex.waiting, &mutex.waiting } };";
        let new = |body: &str| show(compiler, "", lists, body);
        note(&new("exported((void *)&list);")?, "outlives", "list")?;
        note(&new("exported((void *)&work);")?, "outlives", "work")?;
        let body = "later.next = &later; later.prev = &later; exported((void *)&later);";
        note(&new(body)?, "outlives", "later")?;
        let own = "static struct mutex own = { 0, { &own.waiting, &own.waiting } }; exported((void *)&own);";
        for body in ["exported((void *)&mutex);", own] {
            ensure!(codes(&new(body)?, "outlives").is_empty(), "{body}");
        }
        ensure!(codes(&new("lock++; exported((void *)&lock);")?, "outlives").is_empty());
        // The entry of a warning, which leads to its function.
        let warning = "asm volatile(\"1: ud2; .pushsection __bug_table, \\\"aw\\\"; 2: .long 1b - ., 0, 0, 0; \
            .popsection; lea 2b(%%rip), %%rdi\" : : : \"rdi\"); exported(0); tick(0);";
        ensure!(codes(&outlives(warning)?, "outlives").is_empty());
        // Calls, strings, what is read and written in place, and what leads nowhere.
        for body in [
            "tick(0);",
            AFTER,
            "plain.next = &plain; exported(0); asm volatile(\"\" : : : \"memory\");",
            "exported((void *)plain.next);",
            "exported(\"a text\");",
            "exported(n ? \"a text\" : \"another\");",
            "exported((void *)names);",
            "exported((void *)&quiet);",
            "exported((void *)&plain);",
            "if (timer.next) exported(0);",
        ] {
            let livepatch = outlives(body)?;
            assert_eq!(livepatch.refused, []);
            ensure!(codes(&livepatch, "outlives").is_empty(), "{body}: {:#?}", livepatch.notes);
        }
        Ok(())
    })
}

/// `static_call_update()` hands out key and trampoline of the call, which nobody keeps, and the function, which is kept.
#[test]
fn static_calls() -> Result<()> {
    for_each_compiler("static_calls", |compiler| {
        let call = "void exported(const char *);
            static __attribute__((noinline, used)) int new_target(int n) { exported(\"target\"); return n; }
            struct key { int (*function)(int); void *sites; };
            struct key __SCK__call = { new_target, 0 };
            int __SCT__call(int);
            asm(\".pushsection .static_call.text, \\\"ax\\\"; .globl __SCT__call; __SCT__call: jmp new_target; .byte 0x0f, \
                0xb9, 0xcc; .type __SCT__call, @function; .size __SCT__call, . - __SCT__call; .popsection\");";
        let update = "exported((void *)&__SCK__call); exported((void *)__SCT__call);";
        let livepatch = show(compiler, "", call, update)?;
        assert_eq!(livepatch.refused, []);
        ensure!(codes(&livepatch, "outlives").is_empty(), "{:#?}", livepatch.notes);
        let livepatch = show(compiler, "", call, "exported((void *)new_target);")?;
        assert_eq!(codes(&livepatch, "outlives"), ["new_target"]);
        Ok(())
    })
}

/// `kfree_const()` frees each text that is none of the kernel's own.
#[test]
fn texts_that_the_kernel_would_free() -> Result<()> {
    for_each_compiler("texts_that_the_kernel_would_free", |compiler| {
        let source = |text: &str| {
            format!(
                "void exported(const char *);
                 const char *kstrdup_const(const char *, int);
                 int set(const char **name, const char *n)
                 {{ exported(\"{text}\"); if (n) *name = kstrdup_const(n, 0); else *name = \"none\"; return 0; }}\n"
            )
        };
        let other = "const char *kstrdup_const(const char *n, int flags) { return n; }";
        let small = |force| -> Result<UnlinkedLivepatch> {
            let small = Small::new(compiler)?
                .object("a", &source("before"), &source("after"))
                .object("b", other, other);
            small.livepatch(&[("a", "set")], force)
        };
        refused(&small(false)?, "set", "kfree_const() frees what is not the kernel's own")?;
        let forced = small(true)?;
        assert_eq!(forced.refused, []);
        note(&forced, "forced", "set")?;
        // So it does an array of characters, and nothing else that is constant.
        let named = |kind: &str| -> Result<UnlinkedLivepatch> {
            let after = source("after").replace("\"none\"", "(const char *)fixed");
            let small = Small::new(compiler)?
                .object("a", &source("before"), &format!("{kind}{after}"))
                .object("b", other, other);
            small.livepatch(&[("a", "set")], false)
        };
        let array = named("static const char fixed[] = \"none\";")?;
        refused(&array, "set", "stores the text \"none\"")?;
        assert_eq!(named("static const int fixed[] = { 1, 2, 3 };")?.refused, []);
        // What is given to kstrdup_const() is copied.
        let copied = |body: &str| -> Result<UnlinkedLivepatch> {
            let source = |text: &str| {
                format!(
                    "void exported(const char *); int is(const char *, const char *);
                     int strcmp(const char *, const char *); const char *kstrdup_const(const char *, int);
                     int set(const char **name, const char *n) {{ exported(\"{text}\"); {body} }}\n"
                )
            };
            let other = format!(
                "{other} int is(const char *a, const char *b) {{ return a == b; }}
                 int strcmp(const char *a, const char *b) {{ return *a - *b; }}"
            );
            let small = Small::new(compiler)?
                .object("a", &source("before"), &source("after"))
                .object("b", &other, &other);
            small.livepatch(&[("a", "set")], false)
        };
        let chosen = "const char *own = n ? n : \"none\"; while (is(own, name[1])) name++;";
        assert_eq!(
            copied(&format!("{chosen} *name = kstrdup_const(own, 0); return 0;"))?.refused,
            []
        );
        let stored = copied(&format!(
            "{chosen} *name = is(own, 0) ? own : kstrdup_const(own, 0); return 0;"
        ))?;
        refused(&stored, "set", "stores the text \"none\"")?;
        // A function that gets either can keep it.
        let given = "const char *own = n ? kstrdup_const(n, 0) : \"none\"; return CALL(own, n);";
        let kept = copied(&given.replace("CALL", "is"))?;
        refused(&kept, "set", "gives the text \"none\" to is where it otherwise gives")?;
        assert_eq!(copied(&given.replace("CALL", "strcmp"))?.refused, []);
        Ok(())
    })
}

/// What stores and frees a text can be another function than the one that has it.
#[test]
fn texts_of_helpers_that_the_kernel_would_free() -> Result<()> {
    for_each_compiler("texts_of_helpers_that_the_kernel_would_free", |compiler| {
        const OUTLINE: &str = "static __attribute__((noinline, noclone))";
        let declared = "void exported(const char *);
            const char *kstrdup_const(const char *, int);
            void kfree_const(const char *);
            struct mount { long pad[3]; const char *name; const char *type; };\n";
        let other = "const char *kstrdup_const(const char *n, int flags) { return n; }
            void kfree_const(const char *n) { asm volatile(\"\" : : \"r\" (n)); }";
        let livepatch = |source: &str, changed: &str| -> Result<UnlinkedLivepatch> {
            let text = |text: &str| declared.to_owned() + &source.replace("TEXT", text);
            let small = Small::new(compiler)?
                .object("a", &text("before"), &text("after"))
                .object("b", other, other);
            small.livepatch(&[("a", changed)], false)
        };
        let helper = format!(
            "{OUTLINE} const char *fallback(long n) {{ exported(\"TEXT\"); return n ? \"none\" : \"nothing\"; }}\n"
        );
        let set = "void set(struct mount *m, const char *n)
            { m->name = n ? kstrdup_const(n, 0) : fallback(m->pad[0]); }";
        let why = "it returns the text \"none\", and set stores that";
        refused(&livepatch(&(helper.clone() + set), "fallback")?, "fallback", why)?;
        // A second helper between both.
        let second = format!(
            "{OUTLINE} const char *second(long n) {{ exported(\"second\"); return fallback(n); }}\n"
        );
        let set_second = set.replace("fallback", "second");
        refused(
            &livepatch(&(helper.clone() + &second + &set_second), "fallback")?,
            "fallback",
            why,
        )?;
        let drop = "void drop(long n) { kfree_const(fallback(n)); }";
        let why = "which drop gives to kfree_const()";
        refused(&livepatch(&(helper.clone() + drop), "fallback")?, "fallback", why)?;
        let init = "void init(struct mount *m) { exported(\"TEXT\"); m->name = \"none\"; }\n";
        let put = "void put(struct mount *m) { kfree_const(m->name); }";
        let why = "it stores the text \"none\" where put frees";
        refused(&livepatch(&(init.to_owned() + put), "init")?, "init", why)?;
        let table = "static const char *const names_TEXT[] = { \"none\", \"nothing TEXT\" };
            void set(struct mount *m, const char *n)
            { exported(\"TEXT\"); m->name = n ? kstrdup_const(n, 0) : names_TEXT[m->pad[0] & 1]; }";
        refused(&livepatch(table, "set")?, "set", "stores the text \"none\"")?;
        // The kernel's table has the kernel's texts.
        let known = table.replace("names_TEXT", "names").replace("nothing TEXT", "nothing");
        assert_eq!(livepatch(&known, "set")?.refused, []);
        let copy = format!(
            "{OUTLINE} const char *copy(const char *n) {{ exported(n); return kstrdup_const(n, 0); }}
             void set(struct mount *m, const char *n)
             {{ exported(\"TEXT\"); if (n) m->name = copy(n); else m->name = \"none\"; }}"
        );
        refused(&livepatch(&copy, "set")?, "set", "stores the text \"none\"")?;
        // What is printed, what nobody frees so, and another member.
        let printed = "void print(long n) { exported(fallback(n)); }
            void put(struct mount *m) { kfree_const(m->name); }";
        assert_eq!(livepatch(&(helper.clone() + printed), "fallback")?.refused, []);
        let stored = "void set(struct mount *m, long n) { m->name = fallback(n); }";
        assert_eq!(livepatch(&(helper + stored), "fallback")?.refused, []);
        let member = "void put(struct mount *m) { kfree_const(m->type); }";
        assert_eq!(livepatch(&(init.to_owned() + member), "init")?.refused, []);
        Ok(())
    })
}
