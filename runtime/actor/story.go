package actor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Story is a list of scenes of one character.
type Story struct {
	Prompts  []string
	Captions []string // for people to read
	Seeds    []uint64 // of the noise, a different one for each scene
}

// ReadStory makes prompts of scenes, one a line. "{}" in a line is replaced by the character ("a photo of a robot"); a line without it
// is put behind the character, unless it names the base word itself. What follows "|" is the caption; else the line is. ending is
// added to every prompt, such as ", watercolour". Empty lines and those that begin with "#" are left out. A line may end in "| seed 123", which
// gives this scene another noise and leaves all others as they are.
//
// Scenes count their seeds up from seed: scenes differ in their noise, so composition varies, and one line changed or added at the
// end leaves the other pictures as they are.
func ReadStory(scenes, character, word, ending string, seed uint64) (Story, error) {
	character = strings.TrimSpace(character)
	if character == "" {
		return Story{}, errors.New("storybook: the character is empty; describe it as a prompt would, such as: a photo of a robot")
	}
	if word != "" && !names(character, word) {
		return Story{}, fmt.Errorf("storybook: the character %q does not name the base word %q; the actor would have nowhere to appear", character, word)
	}
	var s Story
	for _, line := range strings.Split(scenes, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		own, rest, hasSeed := ownSeed(line)
		scene, caption, has := strings.Cut(rest, "|")
		scene, caption = strings.TrimSpace(scene), strings.TrimSpace(caption)
		if !has {
			caption = strings.TrimSpace(strings.ReplaceAll(scene, "{}", withoutLead(character)))
		}
		switch {
		case strings.Contains(scene, "{}"):
			scene = strings.ReplaceAll(scene, "{}", character)
		case word == "" || !names(scene, word):
			scene = strings.TrimSpace(character + " " + scene)
		}
		s.Prompts = append(s.Prompts, scene+ending)
		s.Captions = append(s.Captions, caption)
		if !hasSeed {
			own = seed + uint64(len(s.Seeds))
		}
		s.Seeds = append(s.Seeds, own)
	}
	if len(s.Prompts) == 0 {
		return Story{}, errors.New("storybook: there are no scenes; write one a line, such as: in a forest")
	}
	return s, nil
}

// ownSeed takes "| seed 123" from the end of a line.
func ownSeed(line string) (seed uint64, rest string, ok bool) {
	at := strings.LastIndexByte(line, '|')
	digits, named := strings.CutPrefix(strings.TrimSpace(line[at+1:]), "seed ")
	if at < 0 || !named {
		return 0, line, false
	}
	seed, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
	if err != nil {
		return 0, line, false // words for people
	}
	return seed, line[:at], true
}

// names says whether the word, which may be several, stands in a text, as a whole and whatever its capitals.
func names(text, word string) bool {
	letters := func(s string) string {
		return " " + strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" ,.;:!?()[]\"", r) }), " ") + " "
	}
	return strings.Contains(letters(text), letters(word))
}

// withoutLead is the character as a caption says it: without "a photo of".
func withoutLead(character string) string {
	for _, lead := range []string{"a photo of ", "a picture of ", "a drawing of ", "an illustration of "} {
		if len(character) > len(lead) && strings.EqualFold(character[:len(lead)], lead) {
			return character[len(lead):]
		}
	}
	return character
}
