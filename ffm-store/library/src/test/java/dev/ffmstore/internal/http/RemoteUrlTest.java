package dev.ffmstore.internal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RemoteUrlTest {
    @ParameterizedTest
    @CsvSource({
        "https://host/a/model.gguf, https://host/a/model.gguf, model.gguf",
        "https://host/a/model.gguf?x=secret#part, https://host/a/model.gguf, model.gguf",
        "HTTP://Host:8080/a/my%20model.gguf?/b, HTTP://Host:8080/a/my%20model.gguf, my model.gguf",
        "https://host/a%2Fb%2fmodel.gguf, https://host/a%2Fb%2fmodel.gguf, model.gguf",
        "https://host/%C3%A4.gguf, https://host/%C3%A4.gguf, ä.gguf",
        "https://host/ä.gguf, https://host/%C3%A4.gguf, ä.gguf",
        "https://[::1]:80/m.gguf, https://[::1]:80/m.gguf, m.gguf"
    })
    void isNamedWithoutItsQuery(String text, String name, String fileName) throws IOException {
        RemoteUrl url = RemoteUrl.parse(text);
        assertThat(url.name()).isEqualTo(name);
        assertThat(url).hasToString(name);
        assertThat(RemoteUrl.fileName(name)).isEqualTo(fileName);
    }

    @ParameterizedTest
    @CsvSource({
        "https://host/a.gguf, true",
        "HTTP://host/a.gguf, true",
        "http:/host/a.gguf, false",
        "./http://host, false",
        "file:///a, false",
        "C:/a.gguf, false",
        "model.gguf, false"
    })
    void isToldFromAPath(String text, boolean expected) {
        assertThat(RemoteUrl.isOne(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://user:secret@host/a",
                "https://secret@host/a",
                "https://user:secret@/a",
                "https://a b?secret",
                "https://host/a b?secret",
                "https:///a?secret",
                "https://ho_st/a?secret",
                "https://host:port/a?secret",
                "ftp://host/a?secret",
                "host/a?secret",
                "file:/a?secret"
            })
    void isRefusedWithoutSayingASecret(String text) {
        assertThatThrownBy(() -> RemoteUrl.parse(text))
                .isInstanceOf(IOException.class)
                .satisfies(failure -> assertThat(failure.toString()).doesNotContain("secret"));
    }

    @Test
    void leadsToTheFilesBesideIt() throws IOException {
        RemoteUrl url = RemoteUrl.parse("https://host/a/model-00001-of-00002.gguf?download=true");
        assertThat(url.sibling("model-00002-of-00002.gguf").uri())
                .hasToString("https://host/a/model-00002-of-00002.gguf?download=true");
        assertThat(url.sibling("ü x?.gguf").uri().toASCIIString())
                .isEqualTo("https://host/a/%C3%BC%20x%3F.gguf?download=true");
        assertThat(RemoteUrl.parse("https://host/m").sibling("a:b").uri()).hasToString("https://host/a:b");
    }

    @Test
    void resolvesRedirects() throws IOException {
        RemoteUrl url = RemoteUrl.parse("https://host/a/b?x");
        assertThat(url.redirected("c", "f").uri()).hasToString("https://host/a/c");
        assertThat(url.redirected("/c?y#z", "f").uri()).hasToString("https://host/c?y");
        assertThat(url.redirected("//other/c", "f").uri()).hasToString("https://other/c");
        assertThat(url.redirected("https://other:444/c", "f").uri()).hasToString("https://other:444/c");
        for (String refused :
                new String[] {"http://host/a", "file:/etc/passwd", "", "https://u:p@host/", "https:///"}) {
            assertThatThrownBy(() -> url.redirected(refused, "f"))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("f: a redirect ");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "https://host/a, https://HOST:443/b, true",
        "https://host/a, https://host./b, true",
        "http://host/a, http://host:80/b, true",
        "https://host/a, http://host/b, false",
        "https://host/a, https://host:444/b, false",
        "https://host/a, https://a.host/b, false"
    })
    void knowsTheServer(String one, String other, boolean expected) throws IOException {
        assertThat(RemoteUrl.parse(one).hasServerOf(RemoteUrl.parse(other))).isEqualTo(expected);
    }
}
