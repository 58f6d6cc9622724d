# make run     build, start everything with sample data, print the addresses
# make test    everything CI runs
# make help    the other targets
#
# Sources are found by wildcard: a new module is a new .h and .c in its room.

CC       ?= cc
CXX      ?= c++
PKGS     := libh2o-evloop openssl hiredis libsodium jansson sqlite3 libcurl icu-uc icu-i18n zlib libbrotlienc
STD      := -std=gnu11 -D_GNU_SOURCE -DH2O_USE_LIBUV=0
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wno-format-zero-length -Werror
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fstack-clash-protection -fcf-protection
HARDEN_L := -pie -Wl,-z,relro,-z,now
OPT      ?= -O2 -g -fno-omit-frame-pointer
CHECKED  := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
INCLUDES := -I.
CFLAGS_ALL = $(STD) $(WARN) $(INCLUDES) $(shell pkg-config --cflags $(PKGS)) -MMD -MP
CXXFLAGS_ALL = -std=gnu++17 -Wall -Wextra -Wshadow -Werror $(INCLUDES) -MMD -MP
LIBS     := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lphonenumber -lstdc++ -lm -lpthread -ldl

SRC      := $(filter-out gateway/main.c,$(shell find gateway queues rules -name '*.c' 2>/dev/null))
SRC_CXX  := $(shell find rules -name '*.cc' 2>/dev/null)
GEN      := build/gen/scripts.inc
UNIT     := $(patsubst tests/unit/%.c,%,$(shell find tests/unit -name '*_test.c' 2>/dev/null))
UNIT_LIB := $(filter-out %_test.c,$(shell find tests/unit -name '*.c' 2>/dev/null))

all: build/postern

build/postern: build/fast/gateway/main.o build/libpostern.a
	$(CC) $(HARDEN_L) -o $@ $^ $(LIBS)

build/libpostern.a: $(SRC:%.c=build/fast/%.o) $(SRC_CXX:%.cc=build/fast/%.o)
	@rm -f $@
	@$(AR) rcs $@ $^

build/libchecked.a: $(SRC:%.c=build/checked/%.o) $(SRC_CXX:%.cc=build/checked/%.o) $(UNIT_LIB:%.c=build/checked/%.o)
	@rm -f $@
	@$(AR) rcs $@ $^

build/fast/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(OPT) $(HARDEN) $(CFLAGS) -c $< -o $@
build/checked/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(CHECKED) $(CFLAGS) -c $< -o $@
build/fast/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS_ALL) $(OPT) $(HARDEN) $(CXXFLAGS) -c $< -o $@
build/checked/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS_ALL) $(CHECKED) $(CXXFLAGS) -c $< -o $@

build/gen/scripts.inc: $(wildcard queues/script/*.lua) tests/tools/embed-scripts.sh
	@mkdir -p $(@D)
	@sh tests/tools/embed-scripts.sh queues/script > $@.new && mv $@.new $@

build/unit/%: build/checked/tests/unit/%.o build/libchecked.a
	@mkdir -p $(@D)
	$(CC) $(CHECKED) $^ -o $@ -lcmocka $(LIBS)

build/share/.stamp: $(shell find www -type f)
	@node www/build.mjs $(@D) && touch $@

build/tools/%: tests/tools/%.c build/libpostern.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(OPT) $^ -o $@ $(LIBS)

build/unit/pages_test: | build/share/.stamp

unit-%: build/unit/%_test
	@$<

check: $(UNIT:%=build/unit/%)
	@fail=0; for t in $^; do $$t || fail=1; done; exit $$fail

clean:
	rm -rf build

.PHONY: all check clean
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)
