package dev.ffmstore;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.domain.properties.HasOwner;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;

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
}
