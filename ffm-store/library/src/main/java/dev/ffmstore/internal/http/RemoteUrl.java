package dev.ffmstore.internal.http;

import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/// The URL of a file on a server: `http` or `https`, with a host, without user-info and fragment.
///
/// Its name is what messages and outputs show: the URL without its query, which may be a signature. Immutable.
///
/// @param uri the whole URL, as it is sent
public record RemoteUrl(URI uri) {
    private static final String HTTP = "http://";
    private static final String HTTPS = "https://";
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    /// {@return whether a text is meant as the URL of a file on a server, rather than as a path}
    public static boolean isOne(String text) {
        return text.regionMatches(true, 0, HTTP, 0, HTTP.length())
                || text.regionMatches(true, 0, HTTPS, 0, HTTPS.length());
    }

    /// {@return the URL that a text is}
    ///
    /// @throws IOException if it is none, or one that is not read
    public static RemoteUrl parse(String text) throws IOException {
        try {
            return of(new URI(text));
        } catch (URISyntaxException e) { // whose message repeats the whole text
            throw new IOException(
                    Problem.of(shown(text), "is not a URL: {} at character {}", e.getReason(), e.getIndex())
                            .toString());
        }
    }

    /// {@return a URL that is known to be one of those that are read}
    ///
    /// @throws IOException if it is not
    public static RemoteUrl of(URI uri) throws IOException {
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        String shown = shown(uri.toString());
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw new IOException(Problem.of(shown, "is not read")
                    .expected("a path, http: or https:")
                    .got(scheme.isEmpty() ? "no scheme" : scheme + ":")
                    .toString());
        }
        if (uri.getRawUserInfo() != null
                || uri.getRawAuthority() != null && uri.getRawAuthority().indexOf('@') >= 0) {
            throw new IOException(Problem.of(shown, "a user or password in a URL is not accepted")
                    .toString());
        }
        if (uri.getHost() == null) {
            throw new IOException(Problem.of(shown, "the URL has no valid host").toString());
        }
        return new RemoteUrl(withoutFragment(uri));
    }

    private static URI withoutFragment(URI uri) {
        String text = uri.toASCIIString();
        int fragment = text.indexOf('#');
        return URI.create(fragment < 0 ? text : text.substring(0, fragment));
    }

    /// {@return what may be shown of a text that is meant as a URL: nothing of its query, and no user or password}
    public static String shown(String text) {
        int end = text.length();
        for (char mark : new char[] {'?', '#'}) {
            int at = text.indexOf(mark);
            end = at < 0 ? end : Math.min(end, at);
        }
        String shown = text.substring(0, end);
        int host = shown.indexOf("://") < 0 ? 0 : shown.indexOf("://") + 3;
        int slash = shown.indexOf('/', host);
        int user = shown.lastIndexOf('@', slash < 0 ? shown.length() : slash);
        return user < host ? shown : shown.substring(0, host) + "…" + shown.substring(user);
    }

    /// {@return the URL without its query: its name in messages}
    public String name() {
        return shown(uri.toString());
    }

    /// {@return the last name of the path of a URL, decoded: what a local copy of the file would be called}
    ///
    /// @param name the name of a URL, as [#name] gives it
    public static String fileName(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1);
        String path;
        try {
            path = new URI("/" + last).getPath();
        } catch (URISyntaxException e) {
            path = last;
        }
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /// {@return the URL of another file in the same folder, with the same query}
    ///
    /// @param fileName the name of the file, not encoded
    /// @throws IOException if there is no such URL
    public RemoteUrl sibling(String fileName) throws IOException {
        try {
            String encoded =
                    new URI(null, null, "/" + fileName, null).getRawPath().substring(1);
            String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
            return new RemoteUrl(uri.resolve(new URI("./" + encoded.replace("?", "%3F") + query)));
        } catch (URISyntaxException e) {
            throw new IOException(
                    Problem.of(name(), "has no file {} beside it", fileName).toString());
        }
    }

    /// {@return whether the path ends like that of a folder}
    boolean isFolder() {
        String path = uri.getRawPath();
        return path == null || path.isEmpty() || path.endsWith("/");
    }

    /// {@return whether it is read over TLS}
    boolean isSecure() {
        return uri.getScheme().equalsIgnoreCase("https");
    }

    /// {@return the host in lower case, without a dot at its end}
    String host() {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    }

    /// {@return the port, which depends on the scheme if the URL names none}
    int port() {
        if (uri.getPort() >= 0) {
            return uri.getPort();
        }
        return isSecure() ? HTTPS_PORT : HTTP_PORT;
    }

    /// {@return whether another URL leads to the same server in the same way}
    boolean hasServerOf(RemoteUrl other) {
        return isSecure() == other.isSecure() && host().equals(other.host()) && port() == other.port();
    }

    /// {@return where a redirect leads from here}
    ///
    /// @param location the value of the header `Location`
    /// @param file the name of the file in messages
    /// @throws IOException if it leads nowhere, to another scheme, or from `https` to `http`
    RemoteUrl redirected(String location, String file) throws IOException {
        RemoteUrl next;
        try {
            next = of(uri.resolve(new URI(location)));
        } catch (URISyntaxException | IllegalArgumentException | IOException e) {
            throw refused(file, location);
        }
        if (location.isEmpty()) {
            throw refused(file, "none");
        }
        if (isSecure() && !next.isSecure()) {
            throw new IOException(Problem.of(file, "a redirect from https to http is not followed: to {}", next.name())
                    .toString());
        }
        return next;
    }

    private static IOException refused(String file, String location) {
        return new IOException(Problem.of(file, "a redirect is not followed")
                .expected("a URL of http or https")
                .got(shown(location))
                .toString());
    }

    /// {@return the name}
    @Override
    public String toString() {
        return name();
    }
}
