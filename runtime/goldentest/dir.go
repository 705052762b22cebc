package goldentest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Dir is the fixture folder. Without one the test is skipped with the reason, or fails when ONEACTOR_REQUIRE_GOLDEN
// is set.
func Dir(t testing.TB) string {
	t.Helper()
	dir := fromEnv(t, "GOLDEN_DIR")
	if dir == "" {
		dir = sharedDir(t)
	}
	return existing(t, dir, "GOLDEN_DIR")
}

// Models is the models folder of the fixtures: GOLDEN_MODELS, or models inside Dir. A fixture folder without models
// uses those of the default folder, since folders may share one set of weights.
func Models(t testing.TB) string {
	t.Helper()
	if dir := fromEnv(t, "GOLDEN_MODELS"); dir != "" {
		return existing(t, dir, "GOLDEN_MODELS")
	}
	dir := filepath.Join(Dir(t), "models")
	if !isDir(dir) {
		dir = filepath.Join(sharedDir(t), "models")
	}
	return existing(t, dir, "GOLDEN_MODELS")
}

// Files lists the files of a subfolder of Dir ("." for Dir itself) whose names match a glob pattern, sorted. No match
// skips the test: a fixture folder need not hold every part. Where there is no fixture folder, and none was asked for,
// the copies of small fixtures in testdata/golden of the package under test are used.
func Files(t testing.TB, sub, pattern string) []string {
	t.Helper()
	glob := filepath.Join(root(t), sub, pattern)
	files, err := filepath.Glob(glob)
	if err != nil {
		t.Fatalf("golden files %s: %v", glob, err)
	}
	if len(files) == 0 {
		Unavailable(t, "no golden file matches "+glob)
	}
	slices.Sort(files)
	return files
}

// root is Dir, or testdata/golden of the package under test where there is no fixture folder.
func root(t testing.TB) string {
	t.Helper()
	const copies = "testdata/golden"
	if os.Getenv("GOLDEN_DIR") == "" && os.Getenv("ONEACTOR_REQUIRE_GOLDEN") == "" && !isDir(sharedDir(t)) && isDir(copies) {
		return copies
	}
	return Dir(t)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Waiting reports a fixture that the code does not support yet as a skipped subtest with its name and the reason, so
// that it is counted by go test -v and -json and cannot be mistaken for one that passed.
func Waiting(t *testing.T, name, why string) {
	t.Helper()
	t.Run(name, func(t *testing.T) { t.Skip("waiting: " + why) })
}

// fromEnv is a folder named by the environment, "" where it names none. A relative one counts from the repository, for
// go test runs each package in its own folder.
func fromEnv(t testing.TB, variable string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" || filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(repository(t), dir)
}

// sharedDir is shared/golden beside the repository, whether it exists or not.
func sharedDir(t testing.TB) string {
	t.Helper()
	return filepath.Join(filepath.Dir(repository(t)), "shared", "golden")
}

// repository is the folder of go.mod.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("golden folder: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("golden folder: no go.mod above the working directory; set GOLDEN_DIR")
		}
		dir = parent
	}
}

func existing(t testing.TB, dir, variable string) string {
	t.Helper()
	if !isDir(dir) {
		Unavailable(t, "no golden folder at "+dir+"; set "+variable)
	}
	return dir
}

// Unavailable skips a test that lacks its fixtures, or fails it when ONEACTOR_REQUIRE_GOLDEN is set.
func Unavailable(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("ONEACTOR_REQUIRE_GOLDEN") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
