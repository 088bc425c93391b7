package dev.ffmstore;

import dev.ffmstore.internal.names.HuggingFaceNames;
import dev.ffmstore.internal.names.NameTable;
import dev.ffmstore.internal.names.UserNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A convention of names and layouts of tensors, into which a plan translates those of the model. Immutable.
///
/// The same weights have other names elsewhere, and other layouts: a tensor of the right shape under the right name
/// may still hold its rows in another order, or have 1 added to it. A convention covers both.
public final class Names {
    private static final Names GGUF = new Names("gguf", NameTable.AS_STORED);
    private static final Names HF = new Names("hf", new HuggingFaceNames());

    private final String convention;
    private final NameTable table;

    private Names(String convention, NameTable table) {
        this.convention = convention;
        this.table = table;
    }

    /// {@return the model's own names and layouts}
    public static Names gguf() {
        return GGUF;
    }

    /// {@return the names and layouts of Hugging Face's transformers, for models of the architectures `deepseek2`,
    /// `falcon`, `gemma`, `gemma2`, `gemma3`, `gpt-oss`, `granite`, `lfm2`, `llama` (Llama, Mistral, Mixtral),
    /// `mistral`, `olmo2`, `phi3`, `qwen2`, `qwen2moe`, `qwen3`, `qwen3moe`, `stablelm` and `starcoder2`}
    ///
    /// Layouts are the inverse of what llama.cpp's converters do: rows of q and k that are stored as rotary pairs
    /// become halves, the 1 that was added to norm weights is subtracted, stacked experts become a tensor each, and
    /// so on. Where the model has no output matrix because it is the token embedding, `lm_head.weight` is an alias
    /// of the embedding. `rope_freqs.weight`, which transformers computes, is left out. A plan is refused for a
    /// model of another architecture, for one with a tensor whose name is not known, and for one that lacks a
    /// tensor that its metadata promise, unless the filter leaves that tensor out.
    public static Names hf() {
        return HF;
    }

    /// Reads a table of names and layouts.
    ///
    /// ```text
    /// # the model's name = the new name; one line each
    /// token_embd.weight = embedding
    /// output.weight     = head
    /// blk.*.attn_q.weight = layers.*.q     # what * stands for on the left stands for * on the right
    /// token_embd.weight = head             # a second name for the same tensor is an alias
    /// fc.weight = fc.weight | transpose    # operations follow a |
    /// ```
    ///
    /// A side may have one `*`, and the right side has as many as the left one. Where several lines match a name,
    /// those without `*` win over those with one, and all of the kind that wins apply: the first gives the name,
    /// the others aliases. Tensors that no line matches keep their names. Blanks around names are ignored, and so
    /// is what follows a `#` that starts a line or has a blank before it.
    ///
    /// A line may also say what is done to the tensor's elements: `halves N`, `pairs N`, `rows FROM:TO`, `unstack`,
    /// `stack`, `transpose`, `reshape N …`, `subtract N`, and for several tensors with `+` between them `concat N`
    /// and `interleave`. The reference of name tables describes them.
    ///
    /// @param file UTF-8 text; its name, without its folder, is the name of the convention
    /// @throws IOException if the file cannot be read, or a line is malformed, naming file and line
    /// @throws IllegalArgumentException if the file's name is `gguf` or `hf`
    public static Names read(Path file) throws IOException {
        Path name = file.getFileName();
        return new Names(notTaken(name == null ? file.toString() : name.toString()), UserNames.read(file));
    }

    /// {@return a table of names and layouts, as [#read(Path)] reads it from a file}
    ///
    /// @param convention the name of the table
    /// @param lines the lines of the table
    /// @throws IOException if a line is malformed, naming table and line
    /// @throws IllegalArgumentException if the table is called `gguf` or `hf`
    public static Names of(String convention, List<String> lines) throws IOException {
        return new Names(notTaken(convention), UserNames.parse(convention, lines));
    }

    private static String notTaken(String convention) {
        if (convention.equals(GGUF.convention) || convention.equals(HF.convention)) {
            throw new IllegalArgumentException("a table of names may not be called " + convention);
        }
        return convention;
    }

    /// {@return the name of the convention: `gguf`, `hf`, or the name of a user's table}
    public String convention() {
        return convention;
    }

    NameTable table() {
        return table;
    }

    /// {@return the name of the convention}
    @Override
    public String toString() {
        return convention;
    }
}
