# make run     install what is missing, build, start everything with sample data, print the addresses
# make test    install what is missing, run everything CI runs
# make help    all targets
#
# Sources are found by wildcard: a new module is a new .h and .c in its room, a new
# test a new file in its folder. Nothing here runs pkg-config before it is needed,
# so that `make deps` works on a machine that has only make.

CC       ?= cc
CXX      ?= c++
CLANG    := clang-14
PKGS     := libh2o-evloop openssl hiredis libsodium jansson sqlite3 libcurl icu-uc icu-i18n gmime-3.0 libxml-2.0 zlib libbrotlienc
STD      := -std=gnu11 -D_GNU_SOURCE -DH2O_USE_LIBUV=0
STDXX    := -std=gnu++17
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wno-format-zero-length -Werror
WARNXX   := -Wall -Wextra -Wshadow -Werror
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fstack-clash-protection -fcf-protection
HARDEN_L := -pie -Wl,-z,relro,-z,now
OPT      ?= -O2 -g -fno-omit-frame-pointer

# make check SAN=thread: a second set of objects beside the first.
SAN      ?= address,undefined
CHECKED  := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all
ifneq "$(SAN)" "address,undefined"
VARIANT  := -$(SAN)
endif
OBJ      := build/checked$(VARIANT)
FUZZED   := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
            -Wno-void-pointer-to-int-cast # a macro of hiredis

# Evaluated once, when first used.
once      = $(eval $(1) := $$(shell $(2)))$($(1))
PKG_CFLAGS = $(call once,PKG_CFLAGS,pkg-config --cflags $(PKGS))
PKG_LIBS   = $(call once,PKG_LIBS,pkg-config --libs $(PKGS))
CFLAGS_ALL = $(STD) -I. $(PKG_CFLAGS) -MMD -MP
CXXFLAGS_ALL = $(STDXX) -I. -MMD -MP
LIBS       = $(PKG_LIBS) -lphonenumber -lstdc++ -lm -lpthread -ldl

SRC      := $(filter-out gateway/main.c,$(shell find gateway queues rules -name '*.c'))
SRC_CXX  := $(shell find rules -name '*.cc')
GEN      := build/gen/scripts.inc
UNIT     := $(patsubst tests/unit/%.c,%,$(shell find tests/unit -name '*_test.c'))
FLOW     := $(patsubst tests/flow/%.c,%,$(wildcard tests/flow/*_test.c))
UNIT_LIB := $(filter-out %_test.c,$(shell find tests/unit tests/flow -name '*.c'))
FUZZ     := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_fuzz.c))
LIVE     := $(patsubst tests/live/%.c,build/live/%,$(wildcard tests/live/*.c))
BENCH    := $(patsubst tests/bench/%.c,build/bench/%,$(wildcard tests/bench/*.c))
MATCH    := $(patsubst %.c,build/fast/%.o,$(wildcard tests/bench/match/*.c))
TOOLS    := $(patsubst tests/tools/%.c,build/tools/%,$(filter-out %_preload.c,$(wildcard tests/tools/*.c)))
TOOLS    += $(patsubst tests/tools/%.c,build/tools/%.so,$(wildcard tests/tools/*_preload.c))
OBJECTS   = $(SRC:%.c=$(1)/%.o) $(SRC_CXX:%.cc=$(1)/%.o)

# All cores, unless somebody said how many. Recipes that test run one at a time by themselves.
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

# V=1 shows whole commands.
ifeq ($(V),1)
say = @:
else
say = @echo "  $(1)"
Q := @
endif

build: build/postern build/share/.made ## the program and what it shows, in build/ (V=1 for whole commands)
	@:

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "make %-9s %s\n", $$1, $$2 }'

# ---- the program ----

build/postern: build/fast/gateway/main.o build/libpostern.a
	$(call say,link $@)
	$(Q)$(CC) $(HARDEN_L) $(LDFLAGS) -o $@ $^ $(LIBS)

# The same under ASan and UBSan: POSTERN=build/checked$(VARIANT)/postern ASAN_OPTIONS=detect_leaks=0 make live (h2o keeps
# what it pools). Preloads of tests have to come before a shared ASan.
build/checked$(VARIANT)/postern: $(OBJ)/gateway/main.o build/libchecked$(VARIANT).a
	$(call say,link $@)
	$(Q)$(CC) $(CHECKED) -static-libasan -o $@ $^ $(LIBS)

build/libpostern.a: $(call OBJECTS,build/fast)
build/libchecked$(VARIANT).a: $(call OBJECTS,$(OBJ)) $(UNIT_LIB:%.c=$(OBJ)/%.o)
build/libfuzzed.a: $(call OBJECTS,build/fuzzed)
build/%.a:
	@rm -f $@
	@$(AR) rcs $@ $^

define COMPILE
	@mkdir -p $(@D)
	$(call say,cc $(basename $@))
	$(Q)
endef

build/fast/%.o: %.c | $(GEN)
	$(COMPILE)$(CC) $(CFLAGS_ALL) $(WARN) $(OPT) $(HARDEN) $(CFLAGS) -c $< -o $@
build/fast/%.o: %.cc
	$(COMPILE)$(CXX) $(CXXFLAGS_ALL) $(WARNXX) $(OPT) $(HARDEN) $(CXXFLAGS) -c $< -o $@
$(OBJ)/%.o: %.c | $(GEN)
	$(COMPILE)$(CC) $(CFLAGS_ALL) $(WARN) $(CHECKED) $(CFLAGS) -c $< -o $@
$(OBJ)/%.o: %.cc
	$(COMPILE)$(CXX) $(CXXFLAGS_ALL) $(WARNXX) $(CHECKED) $(CXXFLAGS) -c $< -o $@
build/fuzzed/%.o: %.c | $(GEN)
	$(COMPILE)$(CLANG) $(CFLAGS_ALL) $(FUZZED) -c $< -o $@
build/fuzzed/%.o: %.cc
	$(COMPILE)$(CLANG) $(CXXFLAGS_ALL) $(FUZZED) -c $< -o $@

build/gen/scripts.inc: $(wildcard queues/script/*) tests/tools/embed-scripts.sh
	@mkdir -p $(@D)
	@sh tests/tools/embed-scripts.sh queues/script > $@.new && mv $@.new $@

# What is found beside the program at run time: pages, mails, rules.
build/share/.made: $(shell find www -type f 2>/dev/null) $(wildcard rules/*.rules rules/packs/*.rules) tests/tools/share.sh
	$(call say,share $(@D))
	@sh tests/tools/share.sh $(@D) && touch $@

# ---- tests ----

build/unit$(VARIANT)/%: $(OBJ)/tests/unit/%.o build/libchecked$(VARIANT).a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(CHECKED) $^ -o $@ -lcmocka -lbrotlidec $(LIBS)

build/flow$(VARIANT)/%: $(OBJ)/tests/flow/%.o build/libchecked$(VARIANT).a | build/share/.made
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(CHECKED) $^ -o $@ -lcmocka $(LIBS)

$(addprefix build/unit$(VARIANT)/gateway/,pages_test letters_test cli_test): | build/share/.made

# make unit-conf, make unit-gateway/conf: one program, with all it says.
define UNIT_RULES
unit-$(patsubst %_test,%,$(1)):: build/unit$(VARIANT)/$(1)
	@$$<
ifneq ($(1),$(notdir $(1)))
unit-$(patsubst %_test,%,$(notdir $(1))):: build/unit$(VARIANT)/$(1)
	@$$<
endif
endef
$(foreach t,$(UNIT),$(eval $(call UNIT_RULES,$(t))))

# make flow-verify
$(FLOW:%_test=flow-%): flow-%: build/flow$(VARIANT)/%_test
	@$<

check: $(UNIT:%=build/unit$(VARIANT)/%) $(FLOW:%=build/flow$(VARIANT)/%) ## unit and flow tests under sanitizers (SAN=thread for the other one)
	@sh tests/tools/unit.sh $^

build/fuzz/%: build/fuzzed/tests/fuzz/%.o build/libfuzzed.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -fsanitize-link-c++-runtime $^ -o $@ $(LIBS)

FUZZ_SECONDS ?= 60
fuzz: $(FUZZ:%=build/fuzz/%) ## each parser of outside bytes for FUZZ_SECONDS (60)
	@sh tests/tools/fuzz.sh $(FUZZ_SECONDS) $^

build/live/%: $(OBJ)/tests/live/%.o build/libchecked$(VARIANT).a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(CHECKED) $^ -o $@ $(LIBS)

# make live ONLY=request: the files whose names hold that.
live: build $(TOOLS) $(LIVE) ## the whole daemon with real Redis, real clients, real mail (ONLY=name)
	@sh tests/tools/node-tests.sh live $(sort $(wildcard tests/live/*$(ONLY)*.test.mjs))

browser: build $(TOOLS) ## pages and console in Chromium (ONLY=name)
	@sh tests/tools/node-tests.sh browser $(sort $(wildcard tests/browser/*$(ONLY)*.test.mjs))

storm: build $(TOOLS) ## the ledger under kills and power cuts (STORM_ARGS=--short)
	@node tests/live/storm.mjs $(STORM_ARGS)

powercut: $(TOOLS) ## journal and blobs alone under power cuts, and that a missing flush is seen
	@sh tests/tools/powercut_proof.sh

build/bench/%: build/fast/tests/bench/%.o build/libpostern.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(HARDEN_L) $^ -o $@ $(LIBS)

build/bench/match_bench: build/fast/tests/bench/match_bench.o $(MATCH) build/libpostern.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(HARDEN_L) $^ -o $@ $(LIBS)

build/bench/%: build/fast/tests/live/%.o build/libpostern.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(HARDEN_L) $^ -o $@ $(LIBS)

bench: build $(BENCH) ## ours beside the floors of its parts (BENCH_ARGS)
	@node tests/bench/run.mjs $(BENCH_ARGS)

match: build/bench/match_bench ## how right the shipped weights are, and what a decision costs (MATCH_ARGS=--short)
	@$< $(MATCH_ARGS)

routing: build/bench/routing_bench ## what a routing decision costs, with packs of incidents over the rules
	@$<

resolve: build/bench/resolve_bench ## what finding an account costs, from 1,000 to 200,000 on record (RESOLVE_ARGS=--short)
	@$< $(RESOLVE_ARGS)

# What tests run or load: tests/tools/NAME.c is a program of our library, NAME_preload.c goes under another by LD_PRELOAD.
build/tools/%: build/fast/tests/tools/%.o build/libpostern.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(HARDEN_L) $^ -o $@ $(LIBS)
build/tools/%.so: tests/tools/%.c
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(STD) $(WARN) -I. -O2 -shared -fPIC $< -o $@ -ldl -lpthread

build/checked-tools/%: $(OBJ)/tests/tools/%.o build/libchecked$(VARIANT).a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(CC) $(CHECKED) $^ -o $@ $(LIBS)

corpora: build/tools/mail_read build/checked-tools/mail_read ## mails and replies of others, against Python's reader (CORPORA=folder)
	@python3 tests/corpora/corpora.py $^

# ---- lint: clang-tidy only where the source or a header of it changed, in CI everywhere ----

TIDY := $(patsubst %.c,build/lint/%.tidy,$(SRC) gateway/main.c)
ifeq ($(CI),true)
$(TIDY): always
endif
build/lint/%.tidy: build/fast/%.o .clang-tidy
	@mkdir -p $(@D)
	$(call say,tidy $*.c)
	$(Q)clang-tidy-14 --quiet --warnings-as-errors='*' $*.c -- $(CFLAGS_ALL) 2>$@.log >&2 || { cat $@.log; exit 1; }
	@touch $@

tidy: $(TIDY)

lint: ## formatting, direction, doors, sizes, cppcheck, clang-tidy
	@sh tests/tools/lint.sh $(MAKE)

format: ## lay out all C as .clang-format says
	@clang-format-14 -i $$(find gateway queues rules tests -name '*.[ch]' -o -name '*.cc')

# ---- for people ----

deps: ## install exactly what is missing (Debian packages, npm packages)
	@sh tests/tools/deps.sh

run: ## install what is missing, build, start with sample data
	@sh tests/tools/deps.sh run
	@$(MAKE) --no-print-directory build
	@exec sh tests/tools/run-demo.sh

test: ## install what is missing, run everything CI runs
	@sh tests/tools/deps.sh
	@sh tests/tools/run-all.sh $(MAKE)

clean: ## forget all that was built
	rm -rf build

PREFIX  ?= /usr
SYSCONF ?= /etc
install: build ## DESTDIR, PREFIX (/usr), SYSCONF (/etc)
	install -D -m 755 build/postern $(DESTDIR)$(PREFIX)/bin/postern
	rm -rf $(DESTDIR)$(PREFIX)/share/postern
	cd build/share && find . -type f ! -name .made -exec install -D -m 644 {} $(abspath $(DESTDIR)/)$(PREFIX)/share/postern/{} \;
	install -D -m 644 gateway/postern.conf $(DESTDIR)$(SYSCONF)/postern/postern.conf.example
	install -D -m 644 gateway/postern.service $(DESTDIR)$(PREFIX)/lib/systemd/system/postern.service
	install -D -m 644 gateway/postern.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/postern.conf

always:
.PHONY: always build help check corpora fuzz live browser storm powercut bench match resolve routing tidy lint format deps run test clean install
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find build -name '*.d' 2>/dev/null)
