// Package valuelist reads lists of values as people type them: commas or line ends between, double quotes around what holds commas, and
// ranges such as 1..10 step 3.
package valuelist

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Most bounds the values of a range.
const Most = 1000

// Split takes a list apart; an empty text is one empty value.
func Split(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return []string{""}, nil
	}
	r := csv.NewReader(strings.NewReader(s))
	r.TrimLeadingSpace, r.LazyQuotes = true, true
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%q is no list of values: %w", s, err)
	}
	var texts []string
	for _, record := range records {
		for _, text := range record {
			texts = append(texts, strings.TrimSpace(text))
		}
	}
	return texts, nil
}

var rangeForm = regexp.MustCompile(`^([-+.\deE]+?)\.\.([-+.\deE]+)(?:\s+step\s+(\S+))?$`)

// Range counts from one number to another, both included where the step meets the end; isRange is false for other texts. Fractions are
// counted in decimals, so that 0.3 is 0.3 and not a little more.
func Range(text string) (values []float64, isRange bool, err error) {
	m := rangeForm.FindStringSubmatch(text)
	if m == nil {
		return nil, false, nil
	}
	start, err1 := strconv.ParseFloat(m[1], 64)
	end, err2 := strconv.ParseFloat(m[2], 64)
	step := 1.0
	var err3 error
	if m[3] != "" {
		step, err3 = strconv.ParseFloat(m[3], 64)
	} else if end < start {
		step = -1
	}
	if errors.Join(err1, err2, err3) != nil || start-start != 0 || end-end != 0 {
		return nil, true, fmt.Errorf("%q is no range; write one such as 1..10 step 3", text)
	}
	if step == 0 || step-step != 0 || (end-start)/step < 0 {
		return nil, true, fmt.Errorf("a step of %v never gets from %v to %v", step, start, end)
	}
	count := math.Floor((end-start)/step+1e-9) + 1
	if count > Most {
		return nil, true, fmt.Errorf("%q has more than %d values", text, Most)
	}
	for i := range int(count) {
		v, err := strconv.ParseFloat(strconv.FormatFloat(start+float64(i)*step, 'g', 12, 64), 64)
		if err != nil {
			return nil, true, err
		}
		values = append(values, v)
	}
	return values, true, nil
}
