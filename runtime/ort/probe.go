package ort

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MinVersion is the oldest onnxruntime that has the C interface in use.
const MinVersion = "1.24"

// apiVersion is that interface, which the Go wrapper asks for too. A library that does not have it makes the wrapper fail
// with a number, so probe reads the version first, which every release answers.
const apiVersion = 24

// probe loads the library at path, and reads its version and the execution providers it was built with.
// An error says why the library cannot be used; version is set as soon as it is known.
func probe(path string) (version string, providers []string, err error) {
	l, err := openLibrary(path)
	if err != nil {
		return "", nil, err
	}
	defer l.close()
	version, ok := l.version()
	if !ok {
		return "", nil, errors.New("a library, but not onnxruntime (no OrtGetApiBase)")
	}
	if minor, ok := minorVersion(version); !ok || minor < apiVersion {
		return version, nil, fmt.Errorf("onnxruntime %s is too old; use %s or later", version, MinVersion)
	}
	api, err := l.api()
	if err != nil {
		return version, nil, err
	}
	providers, err = api.providers()
	return version, providers, err
}

// minorVersion is the 24 of 1.24.3; a later major version counts as newer than every minor one.
func minorVersion(version string) (int, bool) {
	major, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	m, err := strconv.Atoi(major)
	if err != nil || m < 1 {
		return 0, false
	}
	if m > 1 {
		return 1 << 20, true
	}
	minor, err := strconv.Atoi(digits)
	return minor, err == nil
}
