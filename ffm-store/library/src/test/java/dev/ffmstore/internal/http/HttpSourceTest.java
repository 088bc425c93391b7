package dev.ffmstore.internal.http;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.fixtures.RangeServer;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A file on a server, whatever the server does.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class HttpSourceTest {
    private static final int SIZE = (10 << 20) + 12345;

    private byte[] content;
    private RangeServer server;

    @BeforeEach
    void start() throws IOException {
        content = new byte[SIZE];
        new Random(5).nextBytes(content);
        server = new RangeServer(content);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Source open() throws IOException {
        return open(TestSettings.patient());
    }

    private Source open(HttpSettings settings) throws IOException {
        return HttpSource.open(RemoteUrl.of(server.url()), settings);
    }

    private static byte[] read(Source source, long offset, int count) throws IOException {
        byte[] bytes = new byte[count];
        source.read(offset, MemorySegment.ofArray(bytes));
        return bytes;
    }

    private byte[] expected(long offset, int count) {
        return Arrays.copyOfRange(content, (int) offset, (int) offset + count);
    }

    private void assertReads(Source source, long offset, int count) throws IOException {
        assertThat(Arrays.equals(read(source, offset, count), expected(offset, count)))
                .as("%d bytes from %d on", count, offset)
                .isTrue();
    }

    /// A behaviour from some request on; those before are answered as they should.
    private static RangeServer.Behaviour from(int number, RangeServer.Behaviour its) {
        return (call, i) -> {
            if (i < number) {
                call.answer();
            } else {
                its.answer(call, i - number);
            }
        };
    }

    @Test
    void readsAnyRangeIntoAnyMemory() throws IOException {
        try (Source source = open();
                Arena arena = Arena.ofShared()) {
            assertThat(source.name()).isEqualTo(server.url().toString());
            assertThat(source.size()).isEqualTo(SIZE);
            for (int[] range : new int[][] {
                {SIZE - 1, 1}, {SIZE, 0}, {0, 0}, {0, 1}, {0, SIZE}, {12345, 67890}, {5 << 20, 5 << 20}, {262143, 2}
            }) {
                MemorySegment off = arena.allocate(range[1] + 1L);
                source.read(range[0], off.asSlice(1));
                assertThat(Arrays.equals(off.asSlice(1).toArray(JAVA_BYTE), expected(range[0], range[1])))
                        .isTrue();
                assertReads(source, range[0], range[1]);
            }
        }
    }

    @Test
    void checksRanges() throws IOException {
        try (Source source = open()) {
            for (long[] range : new long[][] {{-1, 1}, {SIZE, 1}, {SIZE - 1, 2}, {SIZE + 1, 0}, {Long.MAX_VALUE, 1}}) {
                MemorySegment target = MemorySegment.ofArray(new byte[(int) range[1]]);
                assertThatThrownBy(() -> source.read(range[0], target)).isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    @Test
    void joinsReadsThatFollowOneAnother() throws IOException {
        try (Source source = open()) {
            for (int at = 0; at + 1000 < SIZE; at += 1000) {
                assertReads(source, at, 1000);
            }
            // 256 KiB, 512 KiB, 1, 2 and 4 MiB, and what is left
            assertThat(server.calls()).hasSizeBetween(5, 7);
            assertThat(server.sentBytes()).isLessThanOrEqualTo(SIZE);
            assertThat(server.calls().getFirst().header("Range")).isEqualTo("bytes=0-262143");
        }
    }

    /// Tensors of some size, far apart, by two readers in turn.
    @Test
    void fetchesLittleThatNobodyReads() throws IOException {
        byte[] large = new byte[80 << 20];
        server.replace(large, "\"large\"");
        try (Source source = open()) {
            long read = 0;
            for (int tensor = 0; tensor < 6; tensor += 2) {
                for (int at = 0; at < 6 << 20; at += 100_000) {
                    read(source, (tensor * 13L << 20) + at, 100_000);
                    read(source, ((tensor + 1) * 13L << 20) + at, 100_000);
                    read += 200_000;
                }
            }
            assertThat(server.sentBytes()).isLessThan(read * 3 / 2);
        }
    }

    @Test
    void fetchesSeveralRangesAtOnce() throws Exception {
        byte[] large = new byte[48 << 20];
        CountDownLatch together = new CountDownLatch(2);
        server.replace(large, "\"large\"").behave((call, _) -> {
            if (call.first() > 24 << 20) {
                together.countDown();
                try {
                    together.await(1, TimeUnit.MINUTES);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            call.answer();
        });
        try (Source source = open()) {
            for (int at = 0; at + 300_000 < 30 << 20; at += 300_000) {
                read(source, at, 300_000);
            }
        }
        assertThat(together.await(0, TimeUnit.SECONDS))
                .as("two requests of one reader at once")
                .isTrue();
    }

    @Test
    void readsLittleForAHeader() throws IOException {
        try (Source source = open()) {
            assertReads(source, 0, 100_000);
            assertReads(source, 100_000, 1000);
            assertThat(server.calls()).hasSize(1);
            assertReads(source, 9 << 20, 1000);
            assertThat(server.calls()).hasSize(2);
            assertThat(server.sentBytes()).isEqualTo(2 * ReadAhead.FIRST_BYTES);
        }
    }

    @Test
    void servesManyThreads() throws Exception {
        content = new byte[40 << 20];
        new Random(6).nextBytes(content);
        server.replace(content, "\"large\"");
        try (Source source = open();
                ExecutorService readers = Executors.newFixedThreadPool(12)) {
            List<Future<Integer>> running = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int seed = i;
                running.add(readers.submit(() -> readSome(source, seed)));
            }
            for (Future<Integer> reader : running) {
                assertThat(reader.get()).isPositive();
            }
        }
    }

    /// Some threads read at random, some in order, with sizes up to more than a window.
    private int readSome(Source source, int seed) throws IOException {
        Random random = new Random(seed);
        int position = seed << 20;
        int reads = 0;
        for (; reads < 12; reads++) {
            int count = 1 + random.nextInt(seed % 3 == 0 ? 5 << 20 : 300_000);
            int offset = seed % 2 == 0 ? position : random.nextInt(content.length - count);
            position += count;
            if (offset + count > content.length) {
                return reads;
            }
            assertReads(source, offset, count);
        }
        return reads;
    }

    @Test
    void isEmptyIfTheFileIs() throws IOException {
        server.replace(new byte[0], "\"none\"");
        for (RangeServer.Behaviour way : List.<RangeServer.Behaviour>of(
                (call, _) -> call.answer(), (call, _) -> call.validate().status(200))) {
            server.behave(way);
            try (Source source = open()) {
                assertThat(source.size()).isZero();
                source.read(0, MemorySegment.ofArray(new byte[0]));
                assertThat(source.identity()).isEqualTo(source.openedIdentity());
            }
        }
    }

    @Test
    void goesOnWhereABodyWasCut() throws IOException {
        server.behave(from(1, (call, i) -> {
            if (i % 2 == 0) {
                call.validate().part(70_000);
            } else {
                call.answer();
            }
        }));
        try (Source source = open()) {
            assertReads(source, 1 << 20, 100_000);
            assertThat(server.calls()).hasSize(3);
            RangeServer.Call second = server.calls().get(2);
            assertThat(second.first()).isGreaterThan(1 << 20).isLessThanOrEqualTo((1 << 20) + 70_000);
            assertThat(second.last()).isEqualTo((1 << 20) + 262143);
        }
    }

    @Test
    void givesUpIfBodiesAreAlwaysCut() throws IOException {
        server.behave(from(1, (call, _) -> call.validate().part(0)));
        try (Source source = open()) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(source.name() + ": the connection broke: ")
                    .hasMessageEndingWith(TestSettings.ATTEMPTS + " attempts");
            // the client itself asks once more where nothing of a response has come
            assertThat(server.calls()).hasSizeBetween(1 + TestSettings.ATTEMPTS, 1 + 2 * TestSettings.ATTEMPTS);
            server.behave((call, _) -> call.answer());
            assertReads(source, 1 << 20, 10); // a failure is not kept
        }
    }

    /// A chunked body has no length that the client could miss.
    @Test
    void noticesABodyThatEndsEarlyInGoodOrder() throws IOException {
        server.behave(from(
                1,
                (call, _) -> call.validate().part("bytes " + call.first() + "-" + call.last() + "/" + SIZE, 0, 1000)));
        try (Source source = open()) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10_000))
                    .hasMessage(source.name() + ": the response ends after 1000 of 259144 bytes, 4 attempts");
        }
    }

    @Test
    void refusesABodyThatIsTooLong() throws IOException {
        server.behave(from(
                1,
                (call, _) ->
                        call.validate().part("bytes " + call.first() + "-" + call.last() + "/" + SIZE, 0, 300_000)));
        try (Source source = open()) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10_000)).hasMessageContaining("longer than it says");
            assertThat(server.calls()).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504})
    void asksAgainAfterFailuresThatMayPass(int status) throws IOException {
        server.behave((call, i) -> {
            if (i % 3 == 2) {
                call.answer();
            } else {
                call.status(status);
            }
        });
        try (Source source = open()) {
            assertReads(source, 1 << 20, 1000);
            assertThat(server.calls()).hasSize(6);
        }
        server.behave((call, _) -> call.status(status));
        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessage(server.url() + ": the server answers with status " + status + ", " + TestSettings.ATTEMPTS
                        + " attempts");
    }

    @Test
    void waitsAsLongAsItIsAskedTo() throws IOException {
        server.behave((call, i) -> {
            if (i == 0) {
                call.with("Retry-After", "1").status(429);
            } else {
                call.answer();
            }
        });
        long start = System.nanoTime();
        open().close();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.SECONDS.toNanos(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"3600", "999999999", "Fri, 01 Jan 2100 00:00:00 GMT"})
    void doesNotWaitForever(String retryAfter) {
        server.behave((call, _) -> call.with("Retry-After", retryAfter).status(503));
        assertThatThrownBy(this::open)
                .hasMessageMatching(".*: the server answers with status 503, and asks to be left alone for \\d+ s");
        assertThat(server.calls()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "-1", "Fri, 01 Jan 1999 00:00:00 GMT", "99999999999999999999"})
    void waitsAsUsualIfItIsAskedForNothingSensible(String retryAfter) throws IOException {
        server.behave((call, i) -> {
            if (i == 0) {
                call.with("Retry-After", retryAfter).status(503);
            } else {
                call.answer();
            }
        });
        open().close();
        assertThat(server.calls()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({
        "400, the server does not send the file: status 400",
        "401, the server refuses access: status 401",
        "403, the server refuses access: status 403",
        "404, no such file on the server: status 404",
        "410, no such file on the server: status 410",
        "416, the server does not send the file: status 416",
        "204, the server does not send the file: status 204",
        "300, the server does not send the file: status 300"
    })
    void saysWhyThereIsNoFile(int status, String reason) {
        server.behave((call, _) -> call.status(status));
        assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessage(server.url() + ": " + reason);
        assertThat(server.calls()).hasSize(1);
    }

    @Test
    void saysAtOnceThatThereIsNoServer() {
        server.close();
        assertThatThrownBy(this::open).hasMessage(server.url() + ": no connection to the server");
        assertThatThrownBy(() -> HttpSource.open(
                        RemoteUrl.parse("http://no-such-host.invalid/model.gguf?secret"), TestSettings.patient()))
                .hasMessage("http://no-such-host.invalid/model.gguf: the host is not known");
    }

    @Test
    void refusesAServerThatIgnoresRanges() throws IOException {
        server.behave((call, _) -> call.whole());
        assertThatThrownBy(this::open)
                .hasMessage(server.url() + ": the server ignores ranges: the file is not read: expected status 206,"
                        + " got 200 and the whole file");
        server.behave(from(2, (call, _) -> call.whole()));
        try (Source source = open()) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10)).hasMessageContaining("the server ignores ranges");
        }
    }

    /// The server would send without end, if the client did not leave.
    @ParameterizedTest
    @ValueSource(ints = {200, 206, 404, 302})
    void doesNotDownloadWhatItRefuses(int status) throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        server.behave((call, _) -> {
            try {
                call.endless(status);
            } catch (IOException e) {
                left.countDown();
            }
        });
        assertThatThrownBy(this::open).isInstanceOf(IOException.class);
        assertThat(left.await(1, TimeUnit.MINUTES)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bytes 0-262143/*",
                "bytes 1048576-1310719/*",
                "bytes 1048576-1310719",
                "bytes 1048577-1310720/10498105",
                "bytes 1048576-1310718/10498105",
                "bytes 1048576-1310720/10498105",
                "bytes 0-262143/10498105",
                "bytes 1310719-1048576/10498105",
                "bytes=1048576-1310719/10498105",
                "items 1048576-1310719/10498105",
                "bytes 1048576-1310719/99999999999999999999",
                "bytes -1-1310719/10498105",
                "bytes */10498105"
            })
    void refusesAWrongContentRange(String range) throws IOException {
        assertThat(SIZE).isEqualTo(10498105);
        server.behave(from(1, (call, _) -> call.validate().part(range, 262144, 262144)));
        try (Source source = open()) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(source.name() + ": Content-Range is wrong: expected bytes 1048576-1310719/")
                    .hasMessageContaining("got ");
            assertThat(server.calls()).hasSize(2);
        }
    }

    @Test
    void refusesAWrongLengthAndAnEncoding() throws IOException {
        server.behave(from(
                1,
                (call, _) -> call.validate().part("bytes " + call.first() + "-" + call.last() + "/" + SIZE, 17, 17)));
        try (Source source = open()) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10))
                    .hasMessage(source.name() + ": Content-Length is wrong: expected 262144, got 17");
        }
        server.behave((call, _) -> call.with("Content-Encoding", "gzip").answer());
        assertThatThrownBy(this::open).hasMessageContaining("is encoded: expected bytes as they are, got gzip");
    }

    @Test
    void noticesAnotherEntityTag() throws IOException {
        try (Source source = open()) {
            server.replace(content, "\"two\"");
            assertThatThrownBy(() -> read(source, 1 << 20, 10)) // If-Range makes the server answer with status 200
                    .hasMessage(source.name() + ": has changed since it was opened: expected " + SIZE
                            + " bytes of \"one\", got " + SIZE + " bytes of \"two\"");
            server.behave((call, _) -> call.validate().part((int) (call.last() - call.first() + 1)));
            assertThatThrownBy(() -> read(source, 1 << 20, 10)).hasMessageContaining("has changed since");
            assertThat(server.calls().getLast().header("If-Range")).isEqualTo("\"one\"");
        }
    }

    @Test
    void noticesAnotherDateIfThereIsNoStrongTag() throws IOException {
        for (String tag : List.of("", "W/\"weak\"")) {
            server.validators(tag, "Sat, 01 Nov 2025 10:00:00 GMT");
            try (Source source = open()) {
                assertReads(source, 1 << 20, 10);
                assertThat(server.calls().getLast().header("If-Range")).isEqualTo("Sat, 01 Nov 2025 10:00:00 GMT");
                server.validators(tag.isEmpty() ? "" : "W/\"other\"", "Sat, 01 Nov 2025 10:00:01 GMT");
                assertThatThrownBy(() -> read(source, 5 << 20, 10)).hasMessageContaining("has changed since");
            }
        }
    }

    @Test
    void noticesAnotherSizeWhateverElseIsSaid() throws IOException {
        server.validators("", null);
        try (Source source = open()) {
            assertReads(source, 1 << 20, 10);
            assertThat(server.calls().getLast().header("If-Range")).isEmpty();
            server.replace(Arrays.copyOf(content, SIZE + 1), "");
            assertThatThrownBy(() -> read(source, 5 << 20, 10)).hasMessageContaining("has changed since");
            server.replace(Arrays.copyOf(content, 1000), "");
            assertThatThrownBy(() -> read(source, 5 << 20, 10)).hasMessageContaining("has changed since");
        }
    }

    @Test
    void asksForItsIdentityAgain() throws IOException {
        try (Source source = open()) {
            assertThat(source.openedIdentity()).isEqualTo(new Source.Identity(SIZE, "\"one\"", ""));
            assertThat(server.calls()).hasSize(1);
            assertThat(source.identity()).isEqualTo(source.openedIdentity());
            assertThat(server.calls()).hasSize(2);
            server.replace(content, "\"two\"");
            assertThat(source.identity()).isEqualTo(new Source.Identity(SIZE, "\"two\"", ""));
        }
    }

    @Test
    void endsASlowTrickle() throws IOException {
        server.behave(from(1, (call, _) -> call.trickle(20)));
        try (Source source = open(TestSettings.impatient(Duration.ofMillis(300)))) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10))
                    .hasMessageMatching(".*: the server sent \\d+ bytes in 0.3 s, 4 attempts");
        }
    }

    @Test
    void endsSilence() throws IOException {
        CountDownLatch over = new CountDownLatch(1);
        server.behave(from(1, (call, _) -> awaitQuietly(over)));
        try (Source source = open(TestSettings.impatient(Duration.ofMillis(200)))) {
            assertThatThrownBy(() -> read(source, 1 << 20, 10))
                    .hasMessageEndingWith(": the server sent 0 bytes in 0.2 s, 4 attempts");
        } finally {
            over.countDown();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void followsRedirectsAndStaysWhereTheyLed() throws IOException {
        server.behave((call, _) -> {
            switch (call.path()) {
                case "/folder/model.gguf" -> call.redirect("other?x=1");
                case "/folder/other?x=1" -> call.redirect("/signed/2?signature=secret");
                default -> call.answer();
            }
        });
        try (Source source = open()) {
            assertThat(source.name()).isEqualTo(server.url().toString());
            assertReads(source, 1 << 20, 10);
            assertThat(server.calls().stream().map(RangeServer.Call::path))
                    .containsExactly(
                            "/folder/model.gguf",
                            "/folder/other?x=1",
                            "/signed/2?signature=secret",
                            "/signed/2?signature=secret");
        }
    }

    @Test
    void goesBackToTheStartIfASignedUrlHasExpired() throws IOException {
        server.behave((call, i) -> {
            if (call.path().startsWith("/folder")) {
                call.redirect("/signed/" + i);
            } else if (i == 2) {
                call.status(403);
            } else {
                call.answer();
            }
        });
        try (Source source = open()) {
            assertReads(source, 1 << 20, 10);
            assertThat(server.calls().stream().map(RangeServer.Call::path))
                    .containsExactly("/folder/model.gguf", "/signed/0", "/signed/0", "/folder/model.gguf", "/signed/3");
        }
        server.behave((call, i) -> {
            if (call.path().startsWith("/folder")) {
                call.redirect("/signed/" + i);
            } else {
                call.status(403);
            }
        });
        assertThatThrownBy(this::open).hasMessageContaining("refuses access: status 403");
    }

    @Test
    void leavesALoopOfRedirects() {
        server.behave((call, i) -> call.redirect("/" + i));
        assertThatThrownBy(this::open)
                .hasMessage(server.url() + ": more than " + TestSettings.REDIRECTS + " redirects");
        assertThat(server.calls()).hasSize(TestSettings.REDIRECTS + 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///etc/passwd",
                "FILE:/etc/passwd",
                "ftp://127.0.0.1/x",
                "jar:file:/x!/y",
                "mailto:x",
                "http://user:secret@127.0.0.1/x",
                "http:///x",
                "http://[/x",
                "\\x",
                "http://a b/"
            })
    void followsNoRedirectToAnythingElse(String location) {
        server.behave((call, _) -> call.redirect(location));
        assertThatThrownBy(this::open)
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(server.url() + ": a redirect is not followed")
                .hasMessageNotContaining("secret");
        assertThat(server.calls()).hasSize(1);
    }

    @Test
    void leadsNowhereWithoutALocation() {
        server.behave((call, _) -> call.status(302));
        assertThatThrownBy(this::open)
                .hasMessage(server.url() + ": a redirect is not followed: expected a URL of http or https, got none");
    }

    @Test
    void showsNothingOfAQuery() {
        URI url = server.url("/a/model.gguf?X-Amz-Signature=secret#secret");
        List<RangeServer.Behaviour> faults = List.of(
                (call, _) -> call.status(404),
                (call, _) -> call.status(403),
                (call, _) -> call.status(500),
                (call, _) -> call.whole(),
                (call, _) -> call.part(100),
                (call, _) -> call.redirect("/b?secret"),
                (call, _) -> call.redirect("ftp://x/b?secret"),
                (call, _) -> call.pause(0));
        for (RangeServer.Behaviour fault : faults) {
            server.behave(fault);
            assertThatThrownBy(() -> HttpSource.open(RemoteUrl.of(url), TestSettings.patient()))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(server.url("/a/model.gguf") + ": ")
                    .satisfies(failure -> assertThat(failure.toString()).doesNotContain("secret"));
        }
        assertThat(server.calls().getFirst().path()).isEqualTo("/a/model.gguf?X-Amz-Signature=secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "", "/folder/", "/folder/?x=1"})
    void isNoFolder(String path) {
        assertThatThrownBy(() -> HttpSource.open(RemoteUrl.of(server.url(path)), TestSettings.patient()))
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith(": is a folder, and over HTTP only single files are read");
        assertThat(server.calls()).isEmpty();
    }

    @Test
    void asksTheProxiesOfTheJvm() throws IOException {
        ProxySelector before = ProxySelector.getDefault();
        Set<URI> asked = ConcurrentHashMap.newKeySet();
        ProxySelector.setDefault(new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                asked.add(uri);
                return List.of(Proxy.NO_PROXY);
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException failure) {
                // is not asked for
            }
        });
        try {
            open().close();
        } finally {
            ProxySelector.setDefault(before);
        }
        assertThat(asked).isNotEmpty();
    }

    /// What a thread got that was interrupted, and whether its status was still set.
    private record Interrupted(Throwable failure, boolean status) {}

    private static Interrupted interrupted(Source source, long offset, CountDownLatch waiting) throws Exception {
        AtomicReference<Interrupted> result = new AtomicReference<>();
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                read(source, offset, 10);
            } catch (Throwable e) {
                result.set(new Interrupted(e, Thread.currentThread().isInterrupted()));
            }
        });
        waiting.await();
        long start = System.nanoTime();
        reader.interrupt();
        reader.join();
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(10));
        return result.get();
    }

    @Test
    void anInterruptDisturbsNobodyElse() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        server.behave(from(1, (call, _) -> {
            waiting.countDown();
            awaitQuietly(goOn);
            call.answer();
        }));
        try (Source source = open();
                ExecutorService other = Executors.newSingleThreadExecutor()) {
            Future<byte[]> reading = other.submit(() -> read(source, 1 << 20, 10));
            Interrupted interrupted = interrupted(source, 1 << 20, waiting);
            assertThat(interrupted.failure())
                    .isExactlyInstanceOf(InterruptedIOException.class)
                    .hasMessage(source.name() + ": interrupted while being read");
            assertThat(interrupted.status()).isTrue();
            goOn.countDown();
            assertThat(reading.get()).isEqualTo(expected(1 << 20, 10));
            assertThat(server.calls()).hasSize(2);
        } finally {
            goOn.countDown();
        }
    }

    /// A read that is larger than a window goes straight to its target.
    @Test
    void anInterruptEndsALargeReadAndAPause() throws Exception {
        for (RangeServer.Behaviour fault : List.<RangeServer.Behaviour>of(
                (call, _) -> call.pause(60_000),
                (call, _) -> call.with("Retry-After", "5").status(503))) {
            CountDownLatch waiting = new CountDownLatch(1);
            server.behave((call, i) -> {
                if (call.first() == 0) {
                    call.answer();
                } else {
                    waiting.countDown();
                    fault.answer(call, i);
                }
            });
            try (Source source = open()) {
                AtomicReference<Interrupted> result = new AtomicReference<>();
                Thread reader = Thread.ofPlatform().start(() -> {
                    try {
                        read(source, 1 << 20, 6 << 20);
                    } catch (Throwable e) {
                        result.set(new Interrupted(e, Thread.currentThread().isInterrupted()));
                    }
                });
                waiting.await();
                reader.interrupt();
                reader.join();
                assertThat(result.get().failure()).isExactlyInstanceOf(InterruptedIOException.class);
                assertThat(result.get().status()).isTrue();
            }
        }
    }

    @Test
    void opensForNobodyWhoIsInterrupted() {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(this::open).isExactlyInstanceOf(InterruptedIOException.class);
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
        assertThat(server.calls()).isEmpty();
    }

    @Test
    void closingEndsWhoWaits() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        server.behave(from(1, (call, _) -> {
            waiting.countDown();
            awaitQuietly(over);
        }));
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            Source source = open();
            Future<byte[]> reading = other.submit(() -> read(source, 1 << 20, 10));
            waiting.await();
            source.close();
            source.close();
            assertThatThrownBy(reading::get).hasCauseExactlyInstanceOf(ClosedChannelException.class);
            assertThatThrownBy(() -> read(source, 0, 10)).isExactlyInstanceOf(ClosedChannelException.class);
            assertThatThrownBy(source::identity).isExactlyInstanceOf(ClosedChannelException.class);
        } finally {
            over.countDown();
        }
    }
}
