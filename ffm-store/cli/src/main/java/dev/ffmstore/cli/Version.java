package dev.ffmstore.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/// What `--version` prints.
final class Version implements IVersionProvider {
    private static final String BUILD = "/META-INF/maven/dev.ffmstore/ffm-store-cli/pom.properties";

    @Override
    public String[] getVersion() throws IOException {
        return new String[] {"ffm-store " + ofBuild() + " (JVM " + Runtime.version() + ")"};
    }

    /// Returns the version that Maven puts into the jar; there is none in a folder of classes.
    private static String ofBuild() throws IOException {
        try (InputStream stream = Version.class.getResourceAsStream(BUILD)) {
            if (stream == null) {
                return "development";
            }
            Properties build = new Properties();
            build.load(stream);
            return build.getProperty("version");
        }
    }
}
