package dev.ffmstore.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/// Tells what a file is that was given for a GGUF file, by its first bytes.
final class OtherFile {
    private static final int MOST_BYTES = 256;

    private OtherFile() {}

    /// {@return what a file seems to be, a phrase; empty if that cannot be told}
    static Optional<String> guess(Source source) throws IOException {
        byte[] bytes = new byte[(int) Math.min(MOST_BYTES, source.size())];
        source.read(0, MemorySegment.ofArray(bytes));
        String start = new String(bytes, StandardCharsets.ISO_8859_1);
        String text = start.strip().toLowerCase(Locale.ROOT);
        return Optional.ofNullable(
                switch (start.substring(0, 4)) {
                    case "lmgg", "fmgg", "tjgg", "algg" ->
                        "a GGML file of the time before GGUF: convert the original model again";
                    case "FUGG" -> "a GGUF file whose bytes are in the other order";
                    case "PK\3\4" -> "a ZIP archive, maybe of PyTorch's weights";
                    case "\u0028\u00b5\u002f\u00fd" -> "a file that zstd has compressed";
                    case "\0\0\0\0" -> "zeros: a download that was not completed, maybe";
                    default -> ofText(start, text);
                });
    }

    @org.jspecify.annotations.Nullable
    private static String ofText(String start, String text) {
        if (text.startsWith("version https://git-lfs.")) {
            return "a Git LFS pointer: the file itself has not been fetched (git lfs pull)";
        }
        if (text.contains("<!doctype html") || text.contains("<html")) {
            return "an HTML page: what was downloaded is a page, maybe about the file or an error";
        }
        if (start.length() > Long.BYTES && start.charAt(Long.BYTES) == '{' && start.startsWith("\0\0", 6)) {
            return "a safetensors file";
        }
        if (start.startsWith("\u001f\u008b")) {
            return "a file that gzip has compressed";
        }
        return text.startsWith("{") || text.startsWith("<?xml") ? "text, maybe the error message of a server" : null;
    }
}
