package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ffmstore.fixtures.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Small models that have the properties of files which people reported for loaders and exporters, and what a
/// command has to make of each.
///
/// `cases.zip.gz` holds the files and `manifest.tsv`, a line per command: id, command, expected. The command's
/// `$CASE` is the folder of the case and `$OUT` an empty one. What is expected is one or more of these, separated
/// by ` ; `, or alternatives separated by ` || `:
///
/// ```text
/// tensors=FILE   status 0, and out.safetensors or the shards in out/ hold exactly the tensors of FILE
/// sums=FILE      status 0, and the JSON of `checksum` has exactly the sums of FILE
/// config=FILE    status 0, and config.json agrees with every key of FILE
/// json=KEY:VALUE status 0, and the JSON on stdout has the value; @N is the length of an array
/// says=WORDS     status 0, and the output has the words
/// warns=WORDS    status 0, and a warning has the words
/// refuse=WORDS   status 1, one line of error that names a file of the case and has the words, and no output
/// ```
///
/// WORDS are separated by ` & `; each is alternatives separated by `|`, or `!` and a word that must not be there.
class CasesTest {
    @TempDir
    static Path folder;

    private static final Pattern ARGUMENT = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");
    private static final Pattern NAME = Pattern.compile("\"|\\\\|[\\x00-\\x1f]");

    /// A line of the manifest.
    private record Case(String id, String command, String expected) {
        Path folder() {
            String[] names = id.split("/");
            return CasesTest.folder.resolve(names[0]).resolve(names[1]);
        }
    }

    /// What a command did.
    private record Run(int status, String out, String err, Path folder) {}

    @BeforeAll
    static void unpack() throws IOException {
        try (InputStream resource = Objects.requireNonNull(CasesTest.class.getResourceAsStream("/cases/cases.zip.gz"));
                ZipInputStream zip = new ZipInputStream(new GZIPInputStream(resource))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                Path path = folder.resolve(entry.getName());
                Files.createDirectories(path.getParent());
                Files.write(path, zip.readAllBytes());
            }
        }
    }

    @AfterAll
    static void allKindsWereThere() throws IOException {
        assertThat(cases().map(one -> one.id().substring(0, 1)).distinct()).contains("A", "B", "C", "D", "G");
    }

    private static Stream<Case> cases() throws IOException {
        return Files.readAllLines(folder.resolve("manifest.tsv")).stream().map(line -> {
            String[] cells = line.split("\t");
            return new Case(cells[0], cells[1], cells[2]);
        });
    }

    @TestFactory
    Stream<DynamicTest> eachCase() throws IOException {
        return cases().map(one -> DynamicTest.dynamicTest(one.id(), () -> check(one)));
    }

    private static void check(Case one) throws IOException {
        Path out = Files.createTempDirectory(folder, "out");
        List<String> arguments = new ArrayList<>();
        Matcher matcher = ARGUMENT.matcher(one.command());
        while (matcher.find()) {
            String argument = Stream.of(matcher.group(1), matcher.group(2), matcher.group(3))
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElseThrow();
            arguments.add(argument.replace("$CASE", one.folder().toString()).replace("$OUT", out.toString()));
        }
        StringWriter standard = new StringWriter();
        StringWriter error = new StringWriter();
        int status = Main.run(new PrintWriter(standard), new PrintWriter(error), arguments.toArray(String[]::new));
        Run run = new Run(status, standard.toString(), error.toString(), out);
        List<String> problems = new ArrayList<>();
        for (String alternative : one.expected().split(" \\|\\| ")) {
            List<String> wrong = new ArrayList<>();
            for (String condition : alternative.split(" ; ")) {
                String problem = problem(condition.strip(), run, one);
                if (problem != null) {
                    wrong.add(problem);
                }
            }
            if (wrong.isEmpty()) {
                return;
            }
            problems.addAll(wrong);
        }
        assertThat(problems)
                .as("%s: %s: status %d: %s", one.id(), one.command(), status, run.err())
                .isEmpty();
    }

    private static @Nullable String problem(String condition, Run run, Case one) throws IOException {
        int equals = condition.indexOf('=');
        String kind = condition.substring(0, equals);
        String argument = condition.substring(equals + 1);
        if (kind.equals("refuse")) {
            return refusal(argument, run, one);
        }
        if (run.status() != 0) {
            return "status " + run.status();
        }
        return switch (kind) {
            case "tensors" -> difference(expected(one, argument), exported(run.folder()));
            case "sums" -> difference(expected(one, argument), sums(run.out()));
            case "config" -> configDifference(one.folder().resolve(argument), run.folder());
            case "json" -> jsonProblem(argument, Json.lines(run.out()).getFirst());
            case "says" -> missing(argument, bare(run.out() + run.err(), one));
            case "warns" -> {
                List<String> lines = new ArrayList<>(run.err().lines().toList());
                if (Json.lines(run.out()).getFirst().get("warnings") instanceof List<?> warnings) {
                    warnings.forEach(warning -> lines.add(String.valueOf(warning)));
                }
                yield lines.stream().anyMatch(line -> missing(argument, bare(line, one)) == null)
                        ? null
                        : "no warning with " + argument + ": " + lines;
            }
            default -> throw new IllegalArgumentException(condition);
        };
    }

    private static @Nullable String refusal(String words, Run run, Case one) throws IOException {
        List<String> lines = run.err()
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("WARNING: Using incubator"))
                .toList();
        if (run.status() != 1 || lines.size() != 1) {
            return "not refused with one line: status " + run.status() + ", " + lines;
        }
        if (Files.exists(run.folder().resolve("out.safetensors"))) {
            return "refused, but the output is there";
        }
        try (Stream<Path> files = Files.walk(one.folder())) {
            if (files.map(file -> file.getFileName().toString()).noneMatch(lines.getFirst()::contains)) {
                return "names no file of the case: " + lines.getFirst();
            }
        }
        return missing(words, bare(lines.getFirst(), one));
    }

    /// {@return a text without the paths of the case, whose words do not count}
    private static String bare(String text, Case one) {
        String bare = text;
        Matcher matcher = ARGUMENT.matcher(one.command());
        while (matcher.find()) {
            if (matcher.group().contains("$CASE")) {
                String given = Objects.requireNonNullElse(matcher.group(2), matcher.group())
                        .replace("$CASE", one.folder().toString());
                bare = bare.replace(given, "");
            }
        }
        return bare.replace(one.folder().toString(), "");
    }

    private static @Nullable String missing(String words, String text) {
        String low = text.toLowerCase(Locale.ROOT);
        for (String word : words.split(" & ")) {
            boolean found = word.startsWith("!")
                    ? !low.contains(word.substring(1).toLowerCase(Locale.ROOT))
                    : Arrays.stream(word.split("\\|"))
                            .anyMatch(one -> low.contains(one.strip().toLowerCase(Locale.ROOT)));
            if (!found) {
                return "lacks " + word + ": " + text;
            }
        }
        return null;
    }

    /// {@return dtype, shape and hash by tensor; a value of `-` is not compared}
    private static Map<String, List<String>> expected(Case one, String file) throws IOException {
        Map<String, List<String>> tensors = new TreeMap<>();
        for (String line : Files.readAllLines(one.folder().resolve(file))) {
            String[] cells = line.split("\t");
            tensors.put(cells[0], List.of(cells).subList(1, cells.length));
        }
        return tensors;
    }

    private static @Nullable String difference(Map<String, List<String>> expected, Map<String, List<String>> found) {
        List<String> wrong = new ArrayList<>();
        expected.forEach((name, tensor) -> {
            List<String> got = found.get(name);
            if (got == null) {
                if (!tensor.contains("optional")) {
                    wrong.add("no " + name);
                }
                return;
            }
            for (int i = 0; i < got.size(); i++) {
                if (!got.get(i).equals("-") && !got.get(i).equals(tensor.get(i))) {
                    wrong.add(name + ": " + got.get(i) + ", not " + tensor.get(i));
                }
            }
        });
        found.keySet().stream().filter(name -> !expected.containsKey(name)).forEach(name -> wrong.add("more: " + name));
        return wrong.isEmpty() ? null : String.join("; ", wrong);
    }

    private static Map<String, List<String>> exported(Path out) throws IOException {
        Map<String, List<String>> tensors = new TreeMap<>();
        try (Stream<Path> files = Files.walk(out)) {
            for (Path file :
                    files.filter(one -> one.toString().endsWith(".safetensors")).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                long size =
                        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
                int start = Math.toIntExact(Long.BYTES + size);
                String header = new String(bytes, Long.BYTES, (int) size, StandardCharsets.UTF_8);
                Map<String, @Nullable Object> entries =
                        new LinkedHashMap<>(Json.lines(header).getFirst());
                entries.remove("__metadata__");
                entries.forEach((name, value) -> {
                    Map<?, ?> entry = (Map<?, ?>) Objects.requireNonNull(value);
                    List<?> range = (List<?>) Objects.requireNonNull(entry.get("data_offsets"));
                    byte[] data = Arrays.copyOfRange(
                            bytes,
                            start + ((Number) range.get(0)).intValue(),
                            start + ((Number) range.get(1)).intValue());
                    tensors.put(
                            shown(name),
                            List.of(
                                    String.valueOf(entry.get("dtype")),
                                    String.valueOf(entry.get("shape")).replace(" ", ""),
                                    sha256(data)));
                });
            }
        }
        return tensors;
    }

    private static Map<String, List<String>> sums(String json) throws IOException {
        Map<String, List<String>> sums = new TreeMap<>();
        for (Object tensor :
                (List<?>) Objects.requireNonNull(Json.lines(json).getFirst().get("tensors"))) {
            Map<?, ?> entry = (Map<?, ?>) tensor;
            sums.put(shown(String.valueOf(entry.get("name"))), List.of("-", "-", String.valueOf(entry.get("sha256"))));
        }
        return sums;
    }

    /// {@return a name as the files of expected tensors have it: escaped as in JSON where it has to be}
    private static String shown(String name) {
        return NAME.matcher(name).replaceAll(match -> {
            char c = match.group().charAt(0);
            return Matcher.quoteReplacement(
                    switch (c) {
                        case '"' -> "\\\"";
                        case '\\' -> "\\\\";
                        case '\n' -> "\\n";
                        case '\t' -> "\\t";
                        case '\r' -> "\\r";
                        case '\b' -> "\\b";
                        case '\f' -> "\\f";
                        default -> String.format("\\u%04x", (int) c);
                    });
        });
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static @Nullable String jsonProblem(String argument, Map<String, @Nullable Object> json) {
        int colon = argument.indexOf(':');
        String key = argument.substring(0, colon);
        String value = argument.substring(colon + 1);
        if (key.equals("companionScales#tensors")) {
            long count = ((List<?>) Objects.requireNonNull(json.get("tensors")))
                    .stream()
                            .filter(tensor -> ((Map<?, ?>) tensor).containsKey("companionScale"))
                            .count();
            return Long.toString(count).equals(value) ? null : count + " tensors have a companion scale";
        }
        Object found = json;
        for (String step : key.split("\\.")) {
            found = found instanceof Map<?, ?> map ? map.get(step) : null;
        }
        String shown =
                value.startsWith("@") && found instanceof List<?> list ? "@" + list.size() : String.valueOf(found);
        return shown.equals(value) ? null : key + " is " + shown + ", not " + value;
    }

    private static @Nullable String configDifference(Path expected, Path out) throws IOException {
        Path config = Stream.of(out.resolve("config.json"), out.resolve("out/config.json"))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow();
        Map<String, @Nullable Object> wanted =
                Json.lines(Files.readString(expected)).getFirst();
        Map<String, @Nullable Object> got = Json.lines(Files.readString(config)).getFirst();
        List<String> wrong = new ArrayList<>();
        wanted.forEach((key, value) -> {
            if (!isSame(value, ConfigKeys.value(got, key))) {
                wrong.add(key + " is " + ConfigKeys.value(got, key) + ", not " + value);
            }
        });
        return wrong.isEmpty() ? null : String.join("; ", wrong);
    }

    private static boolean isSame(@Nullable Object one, @Nullable Object other) {
        if (one instanceof Number a && other instanceof Number b) {
            double most = Math.max(Math.abs(a.doubleValue()), Math.abs(b.doubleValue()));
            return Math.abs(a.doubleValue() - b.doubleValue()) <= Math.max(1e-6 * most, 1e-12);
        }
        return Objects.equals(one, other);
    }

    /// Finds keys of a configuration that transformers has under several names, or leaves out for a default.
    private static final class ConfigKeys {
        private static final Map<String, String> ALIASES = Map.of(
                "num_local_experts", "num_experts",
                "num_experts", "num_local_experts",
                "norm_epsilon", "layer_norm_epsilon",
                "num_key_value_heads", "num_kv_heads");
        private static final List<String> FALSE_BY_DEFAULT =
                List.of("attention_bias", "mlp_bias", "use_qkv_bias", "qk_layernorm", "tie_word_embeddings");

        private ConfigKeys() {}

        static @Nullable Object value(Map<String, @Nullable Object> config, String key) {
            if (config.containsKey(key)) {
                return config.get(key);
            }
            String alias = ALIASES.get(key);
            if (alias != null && config.containsKey(alias)) {
                return config.get(alias);
            }
            if (key.equals("rope_theta") || key.equals("partial_rotary_factor")) {
                Object rope = config.get("rope_parameters");
                if (rope instanceof Map<?, ?> map && map.get("full_attention") instanceof Map<?, ?> full) {
                    rope = full;
                }
                return rope instanceof Map<?, ?> map ? map.get(key) : null;
            }
            if (key.equals("head_dim")
                    && config.get("hidden_size") instanceof Number width
                    && config.get("num_attention_heads") instanceof Number heads) {
                return width.longValue() / heads.longValue();
            }
            return FALSE_BY_DEFAULT.contains(key) ? false : null;
        }
    }
}
