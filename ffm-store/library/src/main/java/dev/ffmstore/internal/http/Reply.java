package dev.ffmstore.internal.http;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.util.Optional;

/// What a server answered to a request for a range.
sealed interface Reply {
    /// Bytes of the range, which are in the target.
    ///
    /// @param range what the server says that it sent
    /// @param validator which state of the file it is
    /// @param received how many bytes came, which may be fewer than the range has
    record Bytes(ContentRange range, Validator validator, long received) implements Reply {}

    /// Bytes that were not taken, because they are not those that were asked for.
    ///
    /// @param problem what is wrong
    record Refused(IOException problem) implements Reply {}

    /// An answer without bytes of the range: a redirect, an error, or the whole file, of which nothing was taken.
    record Other(int status, HttpHeaders headers) implements Reply {
        /// {@return the value of a header, or an empty text}
        String header(String name) {
            return headers.firstValue(name).orElse("");
        }

        /// {@return the name of the header's first value as a number of bytes, or empty}
        Optional<Long> contentLength() {
            try {
                return headers.firstValue("Content-Length").map(Long::valueOf);
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }
    }
}
