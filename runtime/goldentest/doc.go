// Package goldentest finds and compares the reference fixtures that our numbers are held against.
//
// A fixture folder is a set of safetensors and JSON files made with another implementation; it lies outside the
// repository, and its location comes from the environment. Tests discover what the folder holds (Files) instead of
// naming files, so the same test runs on any folder of that layout. Tolerances travel with the fixtures
// (unit/tolerances.json) and are relative to the largest absolute value of a tensor.
//
//	for _, path := range goldentest.Files(t, "unit", "noise*.safetensors") {
//		file := goldentest.Load(t, path)
//		for _, name := range file.Names() {
//			goldentest.Close(t, name, compute(name), file.Get(t, name), goldentest.Tolerance(t, path, 1e-5))
//		}
//	}
//
// Environment: GOLDEN_DIR is the fixture folder (default: shared/golden beside the repository), GOLDEN_MODELS the
// models folder (default: models inside the fixture folder), ONEACTOR_REQUIRE_GOLDEN turns a missing folder from a
// skip into a failure. Relative folders count from the repository. Only tests import this package.
package goldentest
