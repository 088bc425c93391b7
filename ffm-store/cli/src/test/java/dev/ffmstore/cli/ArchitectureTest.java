package dev.ffmstore.cli;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.ffmstore.cli", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /// Every package is a slice, the outermost one among them.
    @ArchTest
    static final ArchRule noPackageDependsOnAnotherInACircle =
            slices().matching("dev.ffmstore.(**)").should().beFreeOfCycles();
}
