package spelling

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "cat", 3},
		{"cat", "cat", 0},
		{"cat", "cats", 1},
		{"robot", "rabbit", 3},
		{"kitten", "sitting", 3},
		{"héros", "heros", 1},
		{"sdlx", "sdxl", 1},
		{"ab", "ba", 1},
		{"ca", "abc", 3}, // no rune is moved twice
		{strings.Repeat("x", 300), "x", 300},
	}
	for _, tt := range tests {
		if got := Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("Distance(%.10q, %.10q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := Distance(tt.b, tt.a); got != tt.want {
			t.Errorf("Distance(%.10q, %.10q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}
