package actor

import "strings"

// templates are the prompts that tuning draws from, one place {} for the base word in each. Variety keeps the delta from
// depending on the words around the subject. Their words are common ones, so that small text encoders know most of them.
var templates = map[Concept][]string{
	Character: {
		"a picture of a {}", "a photo of the {}", "a portrait of one {}", "a drawing of a {}", "an image of the {}",
		"a close-up picture of a {}", "a snapshot of the {}", "a good picture of a {}", "a bright photo of a {}", "an illustration of the {}",
		"a realistic picture of the {}", "a dark image of a {}", "a cool portrait of the {}", "a nice drawing of a {}", "one photo of my {}",
		"the face of a {} close-up", "a character picture of the {}", "a {} in a photo", "the {}", "one beautiful {}",
	},
	Object: {
		"a picture of a {}", "a photo of one {}", "an image of the {}", "a drawing of the {}", "a close-up picture of the {}",
		"a snapshot of a {}", "a good picture of the {}", "a bright image of one {}", "a realistic picture of a {}", "a dark picture of the {}",
		"an illustration of a {}", "a nice photo of my {}", "a cropped picture of a {}", "a clean {} in a photo", "a small {} in a picture",
		"one large {}", "the {}", "a high-quality picture of the {}",
	},
	Style: {
		"a picture in {} style", "a drawing in the style of {}", "a {} illustration", "an image in the manner of {}", "a photo with the look of {}",
		"a good picture in the style of {}", "a portrait in {} style", "a bright picture in {} style", "a dark drawing in the manner of {}",
		"a small picture with the look of {}", "the style of {}", "a beautiful illustration in {} style",
	},
}

// Prompts are the templates of a kind of subject with a word in their places.
func (c Concept) Prompts(word string) []string {
	var out []string
	for _, t := range templates[c] {
		out = append(out, strings.Replace(t, "{}", word, 1))
	}
	return out
}
