package dev.ffmstore.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The job of the how-to about IREE, run as it stands in the document.
@Tag("interop")
class HowToInteropIT {
    private static final Path DOCUMENT = Places.module().resolve("../../docs/how-to-tinyllama-iree-reference.md");
    private static final Pattern SCRIPT = Pattern.compile("(?ms)^```sh\\n(.*?)^```$");

    /// The commands that the document's environment has on the PATH, and how the suite's environment runs them.
    private static final Map<String, String> COMMANDS = Map.of(
            "python", "",
            "iree-compile", "-m iree.compiler.tools.scripts.iree_compile",
            "iree-run-module", "-m iree._runtime.scripts.iree_run_module");

    @TempDir
    Path folder;

    @Test
    void theJobSucceeds() throws IOException {
        List<String> scripts = SCRIPT.matcher(Files.readString(DOCUMENT))
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
        assertThat(scripts).hasSize(1);
        Path bin = Files.createDirectory(folder.resolve("bin"));
        for (Map.Entry<String, String> command : COMMANDS.entrySet()) {
            Path file = bin.resolve(command.getKey());
            Files.writeString(
                    file, "#!/bin/sh\nexec " + Iree.environment().python() + " " + command.getValue() + " \"$@\"\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        }
        Path work = Files.createDirectory(folder.resolve("work"));
        String setUp = """
                set -eu
                cd '%s'
                export PATH='%s':'%s':"$PATH" SCRIPTS='%s' PYTHONDONTWRITEBYTECODE=1
                """.formatted(work, bin, Places.launcher().getParent(), Places.scripts());

        String printed =
                Command.run(List.of("sh", "-c", setUp + scripts.getFirst())).outputOrFail();

        assertThat(printed.lines()).last().asString().contains("\"sameTop\": 12", "\"positions\": 12");
    }
}
