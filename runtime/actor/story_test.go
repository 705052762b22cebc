package actor_test

import (
	"math"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/actor"
)

func TestReadStory(t *testing.T) {
	const character = "a photo of a robot"
	tests := map[string]struct {
		scenes            string
		prompts, captions []string
	}{
		"behind the character":  {"in a forest", []string{"a photo of a robot in a forest"}, []string{"in a forest"}},
		"in a place":            {"night, {} asleep", []string{"night, a photo of a robot asleep"}, []string{"night, a robot asleep"}},
		"names it itself":       {"A Robot, waving", []string{"A Robot, waving"}, []string{"A Robot, waving"}},
		"part of another word":  {"with robotics", []string{"a photo of a robot with robotics"}, []string{"with robotics"}},
		"a caption":             {"on the moon | At last!", []string{"a photo of a robot on the moon"}, []string{"At last!"}},
		"no caption":            {"on the moon |", []string{"a photo of a robot on the moon"}, []string{""}},
		"gaps and notes":        {"\n# later\n in a city \r\n\n on a beach", []string{"a photo of a robot in a city", "a photo of a robot on a beach"}, []string{"in a city", "on a beach"}},
		"only the character":    {"{}", []string{character}, []string{"a robot"}},
		"only words for people": {"| The end", []string{character}, []string{"The end"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := actor.ReadStory(tt.scenes, character, "robot", "", math.MaxUint64)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Prompts, tt.prompts) || !slices.Equal(got.Captions, tt.captions) {
				t.Errorf("prompts %q, captions %q; want %q, %q", got.Prompts, got.Captions, tt.prompts, tt.captions)
			}
			if got.Seeds[0] != math.MaxUint64 || len(got.Seeds) > 1 && got.Seeds[1] != 0 {
				t.Errorf("seeds %v; want them to count up and round", got.Seeds)
			}
		})
	}
	if s, err := actor.ReadStory("at sea", "a cat", "", ", ink", 5); err != nil || s.Prompts[0] != "a cat at sea, ink" || s.Seeds[0] != 5 {
		t.Errorf("%v, error %v", s, err)
	}
	s, err := actor.ReadStory("a\nb | seed 7\nc | words | seed 18446744073709551615\nd | seed of doubt\ne", character, "", "", 5)
	if err != nil || !slices.Equal(s.Seeds, []uint64{5, 7, math.MaxUint64, 8, 9}) || !slices.Equal(s.Captions, []string{"a", "b", "words", "seed of doubt", "e"}) {
		t.Errorf("seeds %v, captions %q, error %v", s.Seeds, s.Captions, err)
	}
	for name, in := range map[string][3]string{
		"no scenes": {"\n# nothing\n", character, "robot"}, "no character": {"at sea", " ", "robot"}, "word absent": {"at sea", "a photo of a cat", "robot"},
	} {
		if _, err := actor.ReadStory(in[0], in[1], in[2], "", 0); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
