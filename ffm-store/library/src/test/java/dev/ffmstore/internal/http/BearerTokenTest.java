package dev.ffmstore.internal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ffmstore.fixtures.RangeServer;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Who is shown a token, and who is not.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class BearerTokenTest {
    private static final String SECRET = "hf_abcdefg";
    private static final byte[] CONTENT = new byte[1 << 20];
    private static final String HEADER = "Bearer " + SECRET;

    @TempDir
    static Path folder;

    private static SSLContext tls;

    @BeforeAll
    static void makeCertificate() throws Exception {
        tls = SelfSigned.tls(folder);
    }

    @ParameterizedTest
    @CsvSource({
        "https://huggingface.co/a/b, true",
        "https://HuggingFace.co:443/a/b, true",
        "https://huggingface.co./a/b, true",
        "https://cdn-lfs.huggingface.co/a/b, true",
        "http://huggingface.co/a/b, false",
        "https://huggingface.co:8443/a/b, false",
        "https://huggingface.co.example.org/a/b, false",
        "https://nothuggingface.co/a/b, false",
        "https://example.org/huggingface.co, false",
        "https://example.org/?x=.huggingface.co, false",
        "https://127.0.0.1/a/b, false"
    })
    void isForTheHubAlone(URI url, boolean expected) throws IOException {
        BearerToken token = BearerToken.of(SECRET, null).orElseThrow();
        assertThat(token.isFor(RemoteUrl.of(url))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "hub.example.org, https://hub.example.org/a, true",
        "Hub.Example.org, https://hub.example.org/a, true",
        "hub.example.org, https://hub.example.org:8443/a, false",
        "hub.example.org:8443, https://hub.example.org:8443/a, true",
        "hub.example.org:8443, https://hub.example.org/a, false",
        "hub.example.org, https://a.hub.example.org/a, false",
        "hub.example.org, http://hub.example.org/a, false",
        "hub.example.org, https://huggingface.co/a, false",
        "' ', https://huggingface.co/a, true"
    })
    void isForAnotherHostIfToldSo(String host, URI url, boolean expected) throws IOException {
        BearerToken token = BearerToken.of(SECRET, host).orElseThrow();
        assertThat(token.isFor(RemoteUrl.of(url))).isEqualTo(expected);
    }

    @Test
    void isNoneIfItIsBlank() {
        assertThat(BearerToken.of(null, null)).isEmpty();
        assertThat(BearerToken.of(" \n", null)).isEmpty();
        assertThat(BearerToken.of(SECRET + "\n", null).orElseThrow().header()).isEqualTo(HEADER);
    }

    private static RangeServer secure() throws IOException {
        return RangeServer.secure(CONTENT, tls);
    }

    private static HttpSettings tokenFor(RangeServer server) {
        return TestSettings.with(BearerToken.of(SECRET, "127.0.0.1:" + server.port()), tls);
    }

    private static void openAndRead(URI url, HttpSettings settings) throws IOException {
        try (Source source = HttpSource.open(RemoteUrl.of(url), settings)) {
            source.read(900_000, MemorySegment.ofArray(new byte[10]));
            source.identity();
        }
    }

    private static List<String> tokensAt(RangeServer server) {
        return server.calls().stream().map(call -> call.header("Authorization")).toList();
    }

    @Test
    void goesWithEveryRequestToItsServer() throws IOException {
        try (RangeServer hub = secure()) {
            hub.behave((call, _) -> {
                if (call.path().equals("/moved")) {
                    call.answer();
                } else {
                    call.redirect("/moved");
                }
            });
            openAndRead(hub.url(), tokenFor(hub));
            assertThat(tokensAt(hub)).hasSize(5).containsOnly(HEADER);
        }
    }

    @Test
    void goesToNoOtherServer() throws IOException {
        try (RangeServer hub = secure();
                RangeServer other = secure()) {
            openAndRead(other.url(), tokenFor(hub));
            assertThat(tokensAt(other)).hasSize(3).containsOnly("");
        }
    }

    @Test
    void isNotShownWhereARedirectLeads() throws IOException {
        try (RangeServer hub = secure();
                RangeServer other = secure()) {
            hub.behave((call, _) -> call.redirect(other.url("/x").toString()));
            openAndRead(hub.url(), tokenFor(hub));
            assertThat(tokensAt(hub)).hasSize(2).containsOnly(HEADER);
            assertThat(tokensAt(other)).hasSize(3).containsOnly("");
        }
    }

    @Test
    void isNotShownAgainAfterADetour() throws IOException {
        try (RangeServer hub = secure();
                RangeServer other = secure()) {
            hub.behave((call, _) -> {
                if (call.path().equals("/back")) {
                    call.answer();
                } else {
                    call.redirect(other.url("/x").toString());
                }
            });
            other.behave((call, _) -> call.redirect(hub.url("/back").toString()));
            openAndRead(hub.url(), tokenFor(hub));
            for (RangeServer.Call call : hub.calls()) {
                assertThat(call.header("Authorization")).isEqualTo(call.path().equals("/back") ? "" : HEADER);
            }
            assertThat(tokensAt(other)).containsOnly("");
        }
    }

    @Test
    void isNotShownOverPlainHttp() throws IOException {
        try (RangeServer plain = new RangeServer(CONTENT)) {
            openAndRead(plain.url(), tokenFor(plain));
            assertThat(tokensAt(plain)).hasSize(3).containsOnly("");
        }
    }

    @Test
    void aRedirectFromTlsToPlainHttpIsRefused() throws IOException {
        try (RangeServer hub = secure();
                RangeServer plain = new RangeServer(CONTENT)) {
            hub.behave((call, _) -> call.redirect(plain.url("/x?secret").toString()));
            assertThatThrownBy(() -> openAndRead(hub.url(), tokenFor(hub)))
                    .isInstanceOf(IOException.class)
                    .hasMessage(hub.url() + ": a redirect from https to http is not followed: to " + plain.url("/x"));
            assertThat(plain.calls()).isEmpty();
        }
    }

    /// From plain HTTP to TLS is an improvement, but it is another server.
    @Test
    void aRedirectFromPlainHttpToTlsIsFollowedWithoutIt() throws IOException {
        try (RangeServer hub = secure();
                RangeServer plain = new RangeServer(CONTENT)) {
            plain.behave((call, _) -> call.redirect(hub.url().toString()));
            openAndRead(plain.url(), tokenFor(hub));
            assertThat(tokensAt(hub)).hasSize(3).containsOnly("");
        }
    }

    @Test
    void aCertificateThatNobodyTrustsIsRefusedAtOnce() throws IOException {
        try (RangeServer hub = secure()) {
            assertThatThrownBy(() -> openAndRead(hub.url(), TestSettings.patient()))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(hub.url() + ": no secure connection: ");
            assertThat(hub.calls()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404, 500})
    void isInNoMessage(int status) throws IOException {
        try (RangeServer hub = secure()) {
            hub.behave((call, _) -> call.status(status));
            assertThatThrownBy(() -> openAndRead(hub.url(), tokenFor(hub)))
                    .satisfies(failure -> assertThat(failure.toString()).doesNotContain(SECRET));
            assertThat(tokenFor(hub).toString()).doesNotContain(SECRET);
        }
    }

    @Test
    void isSaidToHaveBeenOfNoUse() throws IOException {
        try (RangeServer hub = secure()) {
            hub.behave((call, _) -> call.status(401));
            assertThatThrownBy(() -> openAndRead(hub.url(), tokenFor(hub)))
                    .hasMessage(hub.url() + ": the server refuses access with the token of HF_TOKEN: status 401");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a b", "ä", "a\u0000b"})
    void isRefusedIfItCannotBeSent(String secret) throws IOException {
        try (RangeServer hub = secure()) {
            Optional<BearerToken> token = BearerToken.of(secret, "127.0.0.1:" + hub.port());
            assertThatThrownBy(() -> openAndRead(hub.url(), TestSettings.with(token, tls)))
                    .hasMessage(hub.url() + ": HF_TOKEN has characters that no token has");
            assertThat(hub.calls()).isEmpty();
        }
    }
}
