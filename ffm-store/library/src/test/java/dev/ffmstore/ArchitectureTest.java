package dev.ffmstore;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.domain.properties.HasOwner;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import dev.ffmstore.ggml.BlockDecoders;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// The walls between the rooms, as docs/ARCHITECTURE.md draws them, held for core and library.
@AnalyzeClasses(
        packages = "dev.ffmstore",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NoTestJars.class})
class ArchitectureTest {
    /// The fixtures of core come as a jar, or as a folder of test classes.
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar") && !location.contains("/test-classes/");
        }
    }

    @ArchTest
    static final ArchRule onlyTheVectorKernelsNameTheIncubatorModule = noClasses()
            .that()
            .resideOutsideOfPackage("dev.ffmstore.internal.vector")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jdk.incubator..");

    @ArchTest
    static final ArchRule onlyMemoryCallsTheLinker = noClasses()
            .that()
            .resideOutsideOfPackage("dev.ffmstore.internal.memory")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(Linker.class)
            .orShould()
            .callMethodWhere(JavaCall.Predicates.target(HasName.Predicates.name("reinterpret"))
                    .and(JavaCall.Predicates.target(
                            HasOwner.Predicates.With.owner(JavaClass.Predicates.assignableTo(MemorySegment.class)))));

    @ArchTest
    static final ArchRule onlyHttpUsesTheHttpClient = noClasses()
            .that()
            .resideOutsideOfPackage("dev.ffmstore.internal.http")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.net.http..");

    @ArchTest
    static final ArchRule scalarKernelsKnowNoSegments = noClasses()
            .that()
            .resideInAPackage("dev.ffmstore.internal.scalar")
            .and()
            .doNotHaveSimpleName("StagedDecoder")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.lang.foreign");

    @ArchTest
    static final ArchRule decodersDoNoInputOrOutputAndStartNoThreads = noClasses()
            .that()
            .resideInAnyPackage("dev.ffmstore.ggml", "dev.ffmstore.internal.scalar", "dev.ffmstore.internal.vector")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.util.concurrent..")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Thread.class);

    /// A package is a slice of its own, whatever it is inside of.
    private static final SliceAssignment PACKAGES = new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass its) {
            return SliceIdentifier.of(its.getPackageName());
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    };

    /// BlockDecoders is the door to the kernels, which implement what stands beside it.
    @ArchTest
    static final ArchRule packagesFormNoCircle = SlicesRuleDefinition.slices()
            .assignedFrom(PACKAGES)
            .should()
            .beFreeOfCycles()
            .ignoreDependency(
                    JavaClass.Predicates.belongToAnyOf(BlockDecoders.class),
                    JavaClass.Predicates.resideInAnyPackage(
                            "dev.ffmstore.internal.scalar", "dev.ffmstore.internal.vector"));

    private static final String ROOT = "dev.ffmstore";
    private static final String EXPORT = "dev.ffmstore.export";
    private static final String FORMATS = "dev.ffmstore.formats";
    private static final String MLIR = "dev.ffmstore.mlir";
    private static final String[] CORE = {
        "dev.ffmstore.gguf",
        "dev.ffmstore.ggml",
        "dev.ffmstore.internal.text",
        "dev.ffmstore.internal.scalar",
        "dev.ffmstore.internal.vector",
        "dev.ffmstore.internal.gguf",
        "dev.ffmstore.internal"
    };

    @ArchTest
    static final ArchRule coreKnowsNothingOfTheLibrary = noClasses()
            .that()
            .resideInAnyPackage(CORE)
            .should()
            .dependOnClassesThat(JavaClass.Predicates.resideInAPackage("dev.ffmstore..")
                    .and(DescribedPredicate.not(JavaClass.Predicates.resideInAnyPackage(CORE))));

    @ArchTest
    static final ArchRule loadersKnowNothingOfFiles = noClasses()
            .that()
            .resideInAPackage(ROOT)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(EXPORT, FORMATS, MLIR);

    @ArchTest
    static final ArchRule exportsKnowNothingOfFormats = noClasses()
            .that()
            .resideInAPackage(EXPORT)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(FORMATS, MLIR);

    @ArchTest
    static final ArchRule formatsKnowNothingOfMlir = noClasses()
            .that()
            .resideInAPackage(FORMATS)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(MLIR);

    /// What the rooms stand on.
    @ArchTest
    static final ArchRule foundationsKnowNothingOfTheRooms = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.ffmstore.internal.pass",
                    "dev.ffmstore.internal.http",
                    "dev.ffmstore.internal.memory",
                    "dev.ffmstore.internal.files",
                    "dev.ffmstore.internal.names")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ROOT, EXPORT, FORMATS, MLIR);

    /// Two files that need each other are one, or lack a third. What is nested in a class is in its file. A sealed
    /// type may name, and make, those that it permits: they are one thing.
    @ArchTest
    static void filesFormNoCircle(JavaClasses classes) {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (JavaClass from : classes) {
            Set<String> used = uses.computeIfAbsent(file(from), _ -> new TreeSet<>());
            for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
                JavaClass to = dependency.getTargetClass().getBaseComponentType();
                if (to.getPackageName().startsWith(ROOT) && !file(to).equals(file(from)) && !permits(from, to)) {
                    used.add(file(to));
                }
            }
        }
        uses.keySet().removeIf(ArchitectureTest::isOfCore);
        uses.values().forEach(used -> used.retainAll(uses.keySet()));
        assertThat(uses).hasSizeGreaterThan(90).containsKey("dev.ffmstore.Model");
        List<String> circles = new ArrayList<>();
        for (Set<String> circle : new Circles(uses).all()) {
            StringBuilder shown = new StringBuilder("a circle of files:");
            for (String from : circle) {
                Set<String> to = new TreeSet<>(uses.get(from));
                to.retainAll(circle);
                shown.append("\n    ").append(from).append(" -> ").append(String.join(", ", to));
            }
            circles.add(shown.toString());
        }
        assertThat(circles).isEmpty();
    }

    private static String file(JavaClass its) {
        JavaClass outermost = its;
        while (outermost.getEnclosingClass().isPresent()) {
            outermost = outermost.getEnclosingClass().get();
        }
        return outermost.getName();
    }

    private static boolean permits(JavaClass from, JavaClass to) {
        Class<?>[] permitted = from.reflect().getPermittedSubclasses();
        return permitted != null && List.of(permitted).contains(to.reflect());
    }

    private static boolean isOfCore(String file) {
        return List.of(CORE).contains(file.substring(0, file.lastIndexOf('.')));
    }

    /// The strongly connected components of a graph that are more than one node, by Tarjan's algorithm.
    private static final class Circles {
        private final Map<String, Set<String>> edges;
        private final Map<String, Integer> numbers = new HashMap<>();
        private final Map<String, Integer> lowest = new HashMap<>();
        private final Deque<String> open = new ArrayDeque<>();
        private final List<Set<String>> found = new ArrayList<>();

        Circles(Map<String, Set<String>> edges) {
            this.edges = edges;
        }

        List<Set<String>> all() {
            edges.keySet().stream().filter(node -> !numbers.containsKey(node)).forEach(this::visit);
            return found;
        }

        private void visit(String node) {
            int number = numbers.size();
            numbers.put(node, number);
            lowest.put(node, number);
            open.push(node);
            for (String next : edges.get(node)) {
                if (!numbers.containsKey(next)) {
                    visit(next);
                    lowest.merge(node, lowest.get(next), Math::min);
                } else if (open.contains(next)) {
                    lowest.merge(node, numbers.get(next), Math::min);
                }
            }
            if (lowest.get(node) == number) {
                Set<String> component = new TreeSet<>();
                do {
                    component.add(open.peek());
                } while (!open.pop().equals(node));
                if (component.size() > 1) {
                    found.add(component);
                }
            }
        }
    }
}
