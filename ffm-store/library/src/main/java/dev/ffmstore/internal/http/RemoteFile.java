package dev.ffmstore.internal.http;

import dev.ffmstore.gguf.Source;
import dev.ffmstore.internal.text.Problem;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A file on a server, of which any range can be fetched; whatever answers is held to what the server said when the
/// file was opened.
///
/// ```text
/// GET URL               Range: bytes=FIRST-LAST   If-Range: ETAG   (Authorization: Bearer TOKEN)
///   301 302 303 307 308   asked again at Location; where this ends is asked first from then on
///   206                   Content-Range: bytes FIRST-LAST/SIZE   ETag or Last-Modified as before   all the bytes
///   408 429 5xx           asked again after a pause; so is a connection that breaks, stalls, or ends early
///   400 401 403 404 410   asked again at URL, if a redirect led here: signed URLs expire
///   all else              an error
/// ```
///
/// Any number of threads may fetch at once, each of which waits for its own range.
final class RemoteFile implements Closeable {
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int REQUEST_TIMEOUT = 408;
    private static final int GONE = 410;
    private static final int RANGE_NOT_SATISFIABLE = 416;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int SERVER_ERROR = 500;
    private static final Pattern SECONDS = Pattern.compile("\\d{1,9}");

    /// A URL on the way from redirect to redirect.
    ///
    /// @param url the URL
    /// @param isWithinServer whether no redirect so far has led to another server
    private record Stop(RemoteUrl url, boolean isWithinServer) {
        Stop next(RemoteUrl redirected) {
            return new Stop(redirected, isWithinServer && redirected.hasServerOf(url));
        }
    }

    /// A state of the file.
    ///
    /// @param size in bytes
    /// @param validator tells it from other states
    private record State(long size, Validator validator) {
        static State of(long size, HttpHeaders headers) {
            return new State(size, Validator.of(headers));
        }

        boolean agreesWith(State later) {
            return size == later.size && validator.agreesWith(later.validator);
        }

        Source.Identity identity() {
            return new Source.Identity(size, validator.toString(), "");
        }
    }

    private final String name;
    private final HttpSettings settings;
    private final Exchange exchange;
    private final Stopping stopping;
    private final Stop origin;
    private final State opened;
    private final long received;
    private volatile Stop place;
    private volatile boolean closed;

    /// Opens a file with the first request for its bytes.
    ///
    /// @param url where the file is
    /// @param settings how long is waited, and who gets a token
    /// @param start takes the first bytes of the file, as many as fit
    RemoteFile(RemoteUrl url, HttpSettings settings, MemorySegment start) throws IOException {
        this.name = url.name();
        this.settings = settings;
        this.stopping = new Stopping(name, () -> closed);
        this.origin = new Stop(url, true);
        this.place = origin;
        HttpClient client = SharedClient.take(settings);
        this.exchange = new Exchange(client, settings, stopping);
        try {
            this.opened = query(start, Attempts.toOpen(settings, stopping));
        } catch (IOException | RuntimeException | Error e) {
            SharedClient.giveBack(settings);
            throw e;
        }
        this.received = Math.min(start.byteSize(), opened.size());
    }

    /// {@return the name of the file in messages}
    String name() {
        return name;
    }

    /// {@return when a thread that waits for this file has to stop}
    Stopping stopping() {
        return stopping;
    }

    /// {@return the size of the file in bytes, as it was when it was opened}
    long size() {
        return opened.size();
    }

    /// {@return how many bytes came when it was opened}
    long received() {
        return received;
    }

    /// {@return the identity of the file when it was opened}
    Source.Identity openedIdentity() {
        return opened.identity();
    }

    /// {@return the identity of the file as it is now: the one when it was opened, if the server says nothing else}
    Source.Identity identity() throws IOException {
        place = origin; // what the URL leads to may be another object by now
        State now = query(MemorySegment.ofArray(new byte[1]), Attempts.toRead(settings, stopping));
        return opened.agreesWith(now) ? opened.identity() : now.identity();
    }

    /// Fills a segment with the bytes from an offset on.
    ///
    /// @throws java.io.InterruptedIOException as [Stopping#check] does
    /// @throws IOException if they cannot be had, or the file has changed
    void fetch(long offset, MemorySegment target) throws IOException {
        Attempts attempts = Attempts.toRead(settings, stopping);
        for (long done = 0; done < target.byteSize(); ) {
            MemorySegment rest = target.asSlice(done);
            long first = offset + done;
            long last = offset + target.byteSize() - 1;
            RangeBody body = new RangeBody(headers -> requireRange(headers, first, last, opened), rest);
            Stop start = place;
            try {
                switch (follow(start, first, last, opened.validator().ifRange(), body, attempts)) {
                    case Reply.Bytes bytes -> {
                        requireWhole(bytes);
                        done = target.byteSize();
                    }
                    case Reply.Refused(IOException problem) -> throw problem;
                    case Reply.Other other
                    when mayHaveExpired(other.status()) && !start.equals(origin) -> place = origin;
                    case Reply.Other other -> throw problem(other, opened);
                }
            } catch (TransientException e) {
                done += body.received();
                attempts.failed(e);
            }
        }
    }

    /// Asks for the start of the file, without expecting a state of it.
    private State query(MemorySegment start, Attempts attempts) throws IOException {
        while (true) {
            RangeBody body = new RangeBody(headers -> requireRange(headers, 0, start.byteSize() - 1, null), start);
            try {
                switch (follow(origin, 0, start.byteSize() - 1, Optional.empty(), body, attempts)) {
                    case Reply.Bytes bytes -> {
                        requireWhole(bytes);
                        return new State(bytes.range().size(), bytes.validator());
                    }
                    case Reply.Refused(IOException problem) -> throw problem;
                    case Reply.Other other -> {
                        if (isOfEmptyFile(other)) {
                            return State.of(0, other.headers());
                        }
                        throw problem(other, null);
                    }
                }
            } catch (TransientException e) {
                attempts.failed(e);
            }
        }
    }

    private static boolean isOfEmptyFile(Reply.Other reply) {
        return reply.status() == OK && reply.contentLength().orElse(-1L) == 0
                || reply.status() == RANGE_NOT_SATISFIABLE && ContentRange.isOfEmptyFile(reply.header("Content-Range"));
    }

    /// Sends a request, and follows redirects.
    private Reply follow(Stop start, long first, long last, Optional<String> ifRange, RangeBody body, Attempts attempts)
            throws IOException {
        Stop at = start;
        for (int redirects = 0; ; redirects++) {
            Reply reply = exchange.send(request(at, first, last, ifRange), body, attempts.deadline());
            if (!(reply instanceof Reply.Other other) || !isRedirect(other.status())) {
                if (reply instanceof Reply.Bytes) {
                    place = at;
                }
                return reply;
            }
            if (redirects == settings.redirects()) {
                throw new IOException(
                        Problem.of(name, "more than {} redirects", redirects).toString());
            }
            at = at.next(at.url().redirected(other.header("Location"), name));
        }
    }

    private static boolean isRedirect(int status) {
        return switch (status) {
            case 301, 302, 303, 307, 308 -> true;
            default -> false;
        };
    }

    private HttpRequest request(Stop at, long first, long last, Optional<String> ifRange) throws IOException {
        HttpRequest.Builder request;
        try {
            request = HttpRequest.newBuilder(at.url().uri());
        } catch (IllegalArgumentException e) { // whose message has the whole URL
            throw new IOException(
                    Problem.of(name, "the URL is not one that can be asked for").toString());
        }
        request.GET()
                // over plain HTTP, an offer of version 2 would be a header that some servers stumble over
                .version(at.url().isSecure() ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
                .header("User-Agent", "ffm-store")
                .header("Accept-Encoding", "identity")
                .header("Range", "bytes=" + first + "-" + last);
        ifRange.ifPresent(validator -> request.header("If-Range", validator));
        if (isTokenSent(at)) {
            BearerToken token = settings.token().orElseThrow();
            if (!token.isWellFormed()) {
                throw new IOException(Problem.of(name, "{} has characters that no token has", BearerToken.VARIABLE)
                        .toString());
            }
            request.header("Authorization", token.header());
        }
        return request.build();
    }

    private boolean isTokenSent(Stop at) {
        return at.isWithinServer()
                && settings.token().filter(token -> token.isFor(at.url())).isPresent();
    }

    /// {@return the range of a partial response, which is the one that was asked for}
    ///
    /// @param known the state of the file; null if it is being asked for: the file may be shorter than the range
    private ContentRange requireRange(HttpHeaders headers, long first, long last, @Nullable State known)
            throws IOException {
        String encoding = headers.firstValue("Content-Encoding").orElse("identity");
        if (!encoding.equalsIgnoreCase("identity")) {
            throw wrong("the response is encoded", "bytes as they are", encoding);
        }
        String header = headers.firstValue("Content-Range").orElse("none");
        ContentRange range = ContentRange.parse(header)
                .orElseThrow(() -> wrong("Content-Range is wrong", "bytes " + first + "-" + last + "/SIZE", header));
        if (known != null) {
            State now = State.of(range.size(), headers);
            if (!known.agreesWith(now)) {
                throw changed(known, now);
            }
        }
        long wantedLast = Math.min(last, range.size() - 1);
        if (range.first() != first || range.last() != wantedLast) {
            throw wrong("Content-Range is wrong", new ContentRange(first, wantedLast, range.size()), range);
        }
        String length = headers.firstValue("Content-Length").orElse(Long.toString(range.length()));
        if (!length.equals(Long.toString(range.length()))) {
            throw wrong("Content-Length is wrong", range.length(), length);
        }
        return range;
    }

    private static void requireWhole(Reply.Bytes bytes) throws TransientException {
        if (bytes.received() < bytes.range().length()) {
            throw TransientException.of(
                    Problem.fill(
                            "the response ends after {} of {} bytes",
                            bytes.received(),
                            bytes.range().length()),
                    null);
        }
    }

    private static boolean mayHaveExpired(int status) {
        return switch (status) {
            case BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, GONE -> true;
            default -> false;
        };
    }

    /// {@return what an answer means that has no bytes of the range}
    ///
    /// @param known the state of the file; null if it is being asked for
    private IOException problem(Reply.Other reply, @Nullable State known) {
        int status = reply.status();
        if (status == OK) {
            State now = State.of(reply.contentLength().orElse(known == null ? 0 : known.size()), reply.headers());
            return known != null && !known.agreesWith(now)
                    ? changed(known, now)
                    : wrong("the server ignores ranges: the file is not read", "status 206", "200 and the whole file");
        }
        if (status == TOO_MANY_REQUESTS || status == REQUEST_TIMEOUT || status >= SERVER_ERROR) {
            return TransientException.asked(
                    "the server answers with status " + status, retryAfter(reply.header("Retry-After")));
        }
        if (status == RANGE_NOT_SATISFIABLE && known != null) {
            return new IOException(Problem.of(name, "has changed since it was opened: it is shorter")
                    .toString());
        }
        String what = switch (status) {
            case UNAUTHORIZED, FORBIDDEN -> "the server refuses access" + tokenHint();
            case NOT_FOUND, GONE -> "no such file on the server";
            default -> "the server does not send the file";
        };
        return new IOException(Problem.of(name, what + ": status {}", status).toString());
    }

    private String tokenHint() {
        if (isTokenSent(origin)) {
            return " with the token of " + BearerToken.VARIABLE;
        }
        BearerToken any = BearerToken.of("any", System.getProperty(BearerToken.HOST_PROPERTY))
                .orElseThrow();
        return any.isFor(origin.url()) ? " without a token, which " + BearerToken.VARIABLE + " may hold" : "";
    }

    /// {@return how long a server asks to be left alone: a number of seconds, or a date}
    private static Optional<Duration> retryAfter(String header) {
        String value = header.strip();
        if (SECONDS.matcher(value).matches()) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
        }
        try {
            Instant date = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(value));
            Duration wait = Duration.between(Instant.now(), date);
            return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private IOException changed(State known, State now) {
        return wrong(
                "has changed since it was opened",
                known.size() + " bytes of " + known.validator(),
                now.size() + " bytes of " + now.validator());
    }

    private IOException wrong(String what, Object expected, Object got) {
        return new IOException(
                Problem.of(name, what).expected(expected).got(got).toString());
    }

    /// Ends what waits for the server. Closing twice has no further effect.
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            SharedClient.giveBack(settings);
        }
    }
}
