package dev.ffmstore.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Runs the commands of docs/tutorial.md, as they are there, and holds what they print against what the page says.
///
/// The page's folder `tutorial` is in a temporary folder; that is the only thing in which words and output are
/// changed.
class TutorialTest {
    private static final Path DOCUMENT = Path.of("../../docs/tutorial.md");
    private static final String FOLDER = "tutorial";
    private static final Pattern CONSOLE = Pattern.compile("(?ms)^```console\\n(.*?)^```$");
    private static final Pattern JAVA = Pattern.compile("(?ms)^```java\\n(.*?)^```$");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    /// A command of the page.
    ///
    /// @param line as it is there, without the prompt
    /// @param output what the page says that it prints
    record Step(String line, List<String> output) {
        static List<Step> allOf(String page) {
            List<Step> steps = new ArrayList<>();
            Matcher blocks = CONSOLE.matcher(page);
            while (blocks.find()) {
                for (String line : blocks.group(1).lines().toList()) {
                    if (line.startsWith("$ ")) {
                        steps.add(new Step(line.substring(2), new ArrayList<>()));
                    } else {
                        steps.getLast().output.add(line);
                    }
                }
            }
            return steps;
        }

        /// {@return whether this is the output: line by line, blanks at the ends of lines apart; … is any text in
        /// a line, and any lines if it is one of its own}
        boolean fits(String printed) {
            String pattern = output.stream()
                    .map(line -> line.equals("…") ? "(?:.*\\n)*?" : inLine(line.stripTrailing()) + "\\n")
                    .collect(Collectors.joining());
            return Pattern.matches(pattern, stripped(printed));
        }

        private static String inLine(String line) {
            return Stream.of(line.split("…", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        }

        private static String stripped(String text) {
            return text.lines().map(line -> line.stripTrailing() + "\n").collect(Collectors.joining());
        }
    }

    @TempDir
    Path root;

    private final Map<String, String> variables = new HashMap<>();
    private int lastStatus;

    @Test
    @DisabledOnOs(OS.WINDOWS) // paths in the page have slashes
    void everyCommandPrintsWhatThePageSays() throws Exception {
        String page = Files.readString(DOCUMENT);
        List<Step> steps = Step.allOf(page);
        assertThat(steps.stream().map(Step::line))
                .as("what the page is to show")
                .anyMatch(line -> line.startsWith("ffm-store demo "))
                .anyMatch(line -> line.startsWith("ffm-store inspect "))
                .anyMatch(line -> line.startsWith("ffm-store plan "))
                .anyMatch(line -> line.startsWith("ffm-store load "))
                .anyMatch(line -> line.startsWith("ffm-store checksum "))
                .anyMatch(line -> line.startsWith("ffm-store export ") && line.endsWith(".irpa"))
                .anyMatch(line -> line.startsWith("ffm-store export ") && line.endsWith(".safetensors"))
                .anyMatch(line -> line.startsWith("ffm-store diff "))
                .anyMatch(line -> line.startsWith("ffm-store stats "))
                .anyMatch(line -> line.startsWith("java "));
        Files.createDirectory(root.resolve(FOLDER));
        Files.writeString(root.resolve(FOLDER).resolve("First.java"), program(page));
        for (Step step : steps) {
            String printed = run(step.line()).replace(root + "/", "");
            if (!step.fits(printed)) {
                fail("docs/tutorial.md says of\n$ " + step.line() + "\n" + String.join("\n", step.output())
                        + "\nbut it printed\n" + printed);
            }
        }
    }

    @Test
    void aPageThatSaysSomethingElseDoesNotFit() {
        String printed = "A  \n\nin 1.5 s\nx\ny\nB\n";
        assertThat(step("A", "", "in … s", "…", "B").fits(printed)).isTrue();
        assertThat(step("…").fits(printed)).isTrue();
        assertThat(step("A", "", "in … s", "x", "y", "B", "…").fits(printed)).isTrue();
        assertThat(step("A", "", "in 1.6 s", "…", "B").fits(printed)).isFalse();
        assertThat(step("A", "", "in … s", "…", "C").fits(printed)).isFalse();
        assertThat(step("A", "", "in … s", "x", "B").fits(printed)).isFalse();
        assertThat(step("A", "in … s", "…", "B").fits(printed)).isFalse();
        assertThat(step("A", "", "in … s", "…", "x").fits(printed)).isFalse();
        assertThat(step().fits(printed)).isFalse();
        assertThat(step().fits("")).isTrue();
    }

    private static Step step(String... output) {
        return new Step("a command", List.of(output));
    }

    private static String program(String page) {
        Matcher program = JAVA.matcher(page);
        assertThat(program.results()).as("programs of the page").hasSize(1);
        program.reset();
        assertThat(program.find()).isTrue();
        return program.group(1);
    }

    /// {@return what a command prints to standard output; its status is that of the next `echo $?`}
    private String run(String line) throws Exception {
        if (line.matches("\\w+=\\S+")) {
            int end = line.indexOf('=');
            variables.put("$" + line.substring(0, end), line.substring(end + 1));
            return "";
        }
        if (line.equals("echo $?")) {
            return lastStatus + "\n";
        }
        List<String> words = words(line);
        List<String> arguments = words.subList(1, words.size());
        return switch (words.getFirst()) {
            case "ffm-store" -> ffmStore(arguments);
            case "java" -> java(arguments);
            case "mkdir" -> {
                Files.createDirectory(Path.of(arguments.getFirst()));
                yield "";
            }
            case "ls" -> listing(Path.of(arguments.getFirst()));
            default -> throw new AssertionError("what is this in the tutorial? " + line);
        };
    }

    /// {@return the words of a line, quotes taken off, variables put in, and paths in the temporary folder}
    private List<String> words(String line) {
        return WORD.matcher(line)
                .results()
                .map(found -> found.group(1) != null ? found.group(1) : found.group(2))
                .map(word -> variables.getOrDefault(word, word))
                .map(word -> word.equals(FOLDER) || word.startsWith(FOLDER + "/")
                        ? root.resolve(word).toString()
                        : word)
                .toList();
    }

    private String ffmStore(List<String> arguments) {
        CliRun run = CliRun.of(arguments.toArray());
        lastStatus = run.status();
        assertThat(run.errorLines())
                .as("standard error of ffm-store " + arguments)
                .isEmpty();
        return run.out();
    }

    /// Runs a program by the launcher of source files, with the classes under test in place of the jars.
    private String java(List<String> arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(arguments);
        line.addFirst(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        int jars = line.indexOf("ffm-store/cli/target/ffm-store/lib/*");
        assertThat(jars).as("the place of the jars in " + arguments).isPositive();
        line.set(jars, System.getProperty("java.class.path"));
        File printed = root.resolve("printed").toFile();
        Process process = new ProcessBuilder(line)
                .redirectOutput(printed)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        lastStatus = process.waitFor();
        assertThat(lastStatus).as("status of " + line).isZero();
        return Files.readString(printed.toPath());
    }

    private static String listing(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName() + "\n").sorted().collect(Collectors.joining());
        }
    }
}
