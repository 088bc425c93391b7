package dev.ffmstore.formats;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// How the `config.json` of an architecture follows from its metadata and tensors: a file
/// `config/ARCHITECTURE.config` for each of ggml's architectures, of this syntax.
///
/// ```text
/// # a comment
/// [NAME]                           a section: an architecture of transformers
/// [NAME when CONDITION]            … of which the first one counts whose condition holds
/// KEY = VALUE | VALUE | …          a key of config.json: the first value that can be told; none: refused
///
/// VALUE      OPERAND [OPERATOR OPERAND]… [when CONDITION]     from left to right; told if all operands are
/// OPERATOR   + - * / ^, and // which rounds down
/// CONDITION  OPERAND, which is told and not false; OPERAND = OPERAND; CONDITION or CONDITION
/// OPERAND    int:KEY                 the positive integer of the metadata key A.KEY, A being the architecture;
///                                    not told if it is 0, or an array of several numbers
///            count:KEY               the same, and 0
///            max:KEY                 the largest number of an array, or the number
///            real:KEY  bool:KEY      a floating-point number, a truth value
///            token:NAME              the integer of tokenizer.ggml.NAME_token_id
///            dim:N:TENSOR            a dimension of a tensor, 0 being the outermost
///            has:TENSOR  some:END    whether there is the tensor, or one whose name ends so
///            tied                    whether there is no output matrix
///            each:KEY:NO:YES         for each element of an array NO or YES: NO for 0 and false
///            cycle:N:FIRST:LAST      for each block N times FIRST and once LAST, over and over
///            rope_scaling[:MEMBERS]  how rotary positions are scaled, with more members of JSON; see RopeScaling
///            rope_layers:PLAIN:SCALED:BASE
///                                    rotary positions for two types of blocks, of which only the latter are
///                                    scaled; the base is A.rope.freq_base, or BASE
///            absent                  told, and the key is left out
///            JSON                    a value of JSON without spaces
/// ```
///
/// @param sections those of the file, in its order
record ConfigTable(List<Section> sections) {
    /// ggml's architectures that have a table.
    static final List<String> ARCHITECTURES = List.of(
            "deepseek2",
            "falcon",
            "gemma",
            "gemma2",
            "gemma3",
            "gpt-oss",
            "granite",
            "lfm2",
            "llama",
            "olmo2",
            "phi3",
            "qwen2",
            "qwen2moe",
            "qwen3",
            "qwen3moe",
            "stablelm",
            "starcoder2");

    /// A section.
    ///
    /// @param condition when it counts: one of these
    record Section(List<Condition> condition, List<Entry> entries) {}

    /// A key of `config.json`.
    record Entry(String key, List<Value> values) {}

    /// A value.
    ///
    /// @param terms operands, and between them operators
    /// @param condition when it counts: one of these; always if there are none
    record Value(List<String> terms, List<Condition> condition) {}

    /// A condition.
    ///
    /// @param equal what the operand must equal
    record Condition(String operand, Optional<String> equal) {}

    /// {@return the table of an architecture, one of [#ARCHITECTURES]}
    static ConfigTable of(String architecture) {
        String file = "config/" + architecture + ".config";
        try (InputStream stream = ConfigTable.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalArgumentException("no resource " + file);
            }
            return parse(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// {@return the table that a text describes}
    static ConfigTable parse(String text) {
        List<Section> sections = new ArrayList<>();
        for (String line : text.lines().map(String::strip).toList()) {
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            List<String> words = List.of(line.replaceFirst("^\\[(.*)]$", "$1").split("\\s+"));
            if (line.startsWith("[")) {
                sections.add(new Section(words.size() == 1 ? List.of() : condition(words, 1), new ArrayList<>()));
            } else {
                sections.getLast().entries().add(entry(words));
            }
        }
        return new ConfigTable(List.copyOf(sections));
    }

    private static Entry entry(List<String> words) {
        if (words.size() < 3 || !words.get(1).equals("=")) {
            throw new IllegalArgumentException("not KEY = VALUE: " + words);
        }
        List<Value> values = new ArrayList<>();
        for (List<String> value : split(words.subList(2, words.size()), "|")) {
            int when = value.indexOf("when");
            values.add(
                    when < 0 ? new Value(value, List.of()) : new Value(value.subList(0, when), condition(value, when)));
        }
        return new Entry(words.getFirst(), values);
    }

    /// Returns the condition of a line from its `when` on.
    private static List<Condition> condition(List<String> words, int when) {
        List<Condition> either = new ArrayList<>();
        for (List<String> one : split(words.subList(when + 1, words.size()), "or")) {
            either.add(new Condition(
                    one.getFirst(),
                    one.size() == 3 && one.get(1).equals("=") ? Optional.of(one.get(2)) : Optional.empty()));
        }
        return either;
    }

    private static List<List<String>> split(List<String> words, String separator) {
        String marked = String.join(" ", words);
        return Arrays.stream(marked.split(" " + Pattern.quote(separator) + " "))
                .map(part -> List.of(part.split(" ")))
                .toList();
    }
}
