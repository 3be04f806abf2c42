# make                build the module, the workers and the command line (configures first when needed)
# make run            everything at once: packages, build, database, store, server. make stop ends it. PORT= VAR= ADMIN_PASSWORD=
# make check          unit and API tests, on own services. TESTS= narrows the API tests
# make sanitize       the same build and tests under AddressSanitizer and UndefinedBehaviorSanitizer
# make fuzz           every parser of foreign bytes, SECONDS= each
# make bench          ratios against floors
# make install        DESTDIR=
# make clean          removes the build; make distclean also var/ and the tests' Python
#
# V=1 shows the commands. BUILD= names another build folder (build-clang, say), made by ./configure --builddir=.

BUILD ?= build
VAR   ?= var
PORT  ?=

export VAR PORT BUILD

.PHONY: all run stop check check-unit check-api sanitize fuzz bench install clean distclean
.DEFAULT_GOAL := all

without_build := clean distclean run stop sanitize

ifneq ($(filter-out $(without_build),$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/config.mk
endif

# A new configure runs again with the options of the last time.
$(BUILD)/config.mk: configure
	./configure --builddir=$(BUILD) $(filter-out --builddir=%,$(CONFIGURE_OPTIONS))


# --- flags

quiet = $(if $(V),,@echo '  $(1)' $(patsubst $(BUILD)/%,%,$@);)

LDFLAGS :=
WARNINGS := -Wall -Wextra -Wno-unused-parameter -Werror -Wvla -Wmissing-prototypes -Wpointer-arith
HARDEN   := -fstack-clash-protection -fstack-protector-strong
OPTIMIZE := -O2 -D_FORTIFY_SOURCE=2

ifeq ($(SANITIZE),yes)
OPTIMIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -DTATOR_SANITIZE=1
HARDEN   :=
LDFLAGS  += -fsanitize=address,undefined
else
WARNINGS += -Wframe-larger-than=4096
endif

ifeq ($(COMPILER),gcc)
WARNINGS += -Wmultistatement-macros -Wmisleading-indentation
endif

CFLAGS  := -std=gnu11 -g -fPIC -fvisibility=hidden -fno-omit-frame-pointer -D_GNU_SOURCE $(OPTIMIZE) $(HARDEN) $(WARNINGS) $(USER_CFLAGS)
LDFLAGS += -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(USER_LDFLAGS)

# gcc is silent about macros from -isystem headers, where the multi-statement ones of a debug NGINX are; clang needs it.
nginx_include := $(if $(filter clang,$(COMPILER)),-isystem ,-I)
NGINX_CFLAGS  := $(foreach folder,core event event/modules event/quic os/unix http http/modules http/v2 http/v3,\
                     $(if $(wildcard $(NGINX_SOURCE)/src/$(folder)),$(nginx_include)$(NGINX_SOURCE)/src/$(folder))) \
                 $(nginx_include)$(NGINX_BUILD)

INCLUDES := -Iinclude $(LIBRARIES_CFLAGS)


# --- sources: whatever is there

LIB_SOURCES    := $(wildcard lib/*.c)
MODULE_SOURCES := $(wildcard ngx_tator_module/*.[cS] ngx_tator_module/*/*.[cS])
WORKERS        := $(patsubst workers/%,%,$(filter-out workers/common workers/jobs,$(sort $(patsubst %/,%,$(dir $(wildcard workers/*/*.c))))))
MEDIA_WORKERS  := transcode frames
JOBS_WORKERS   := cron admin

objects = $(addprefix $(BUILD)/objects/,$(addsuffix .o,$(basename $(1))))

LIB_OBJECTS     := $(call objects,$(LIB_SOURCES))
MODULE_OBJECTS  := $(call objects,$(MODULE_SOURCES))
COMMON_OBJECTS  := $(call objects,$(wildcard workers/common/*.c))
JOBS_OBJECTS    := $(call objects,$(wildcard workers/jobs/*.c))
WORKER_BINARIES := $(WORKERS:%=$(BUILD)/tator-%)

all: $(BUILD)/ngx_tator_module.so $(BUILD)/libtator.a $(WORKER_BINARIES)


# --- module

$(BUILD)/ngx_tator_module.so: $(MODULE_OBJECTS) $(LIB_OBJECTS) $(BUILD)/objects/modules.o
	$(call quiet,LINK)$(CC) -shared -o $@ $^ $(LDFLAGS) $(LIBRARIES_LIBS) -lcrypt -pthread -lm

# The list of modules in the shared object, as NGINX's configure wrote it; its symbols must be seen by NGINX.
$(BUILD)/objects/modules.o: $(NGINX_BUILD)/ngx_tator_module_modules.c $(BUILD)/config.mk
	@mkdir -p $(@D)
	$(call quiet,CC  )$(CC) -g -O2 -fPIC $(NGINX_CFLAGS) -c -o $@ $<

$(BUILD)/objects/ngx_tator_module/%.o: ngx_tator_module/%.c $(BUILD)/config.mk
	@mkdir -p $(@D)
	$(call quiet,CC  )$(CC) $(CFLAGS) -MMD -MP $(NGINX_CFLAGS) $(INCLUDES) -Ingx_tator_module -c -o $@ $<

$(BUILD)/objects/ngx_tator_module/%.o: ngx_tator_module/%.S $(BUILD)/config.mk
	@mkdir -p $(@D)
	$(call quiet,AS  )$(CC) -g -fPIC -MMD -MP -c -o $@ $<


# --- library and workers

$(BUILD)/libtator.a: $(LIB_OBJECTS)
	@rm -f $@
	$(call quiet,AR  )ar rcs $@ $^

$(BUILD)/objects/lib/%.o: lib/%.c $(BUILD)/config.mk
	@mkdir -p $(@D)
	$(call quiet,CC  )$(CC) $(CFLAGS) -MMD -MP $(INCLUDES) -Ilib -c -o $@ $<

$(BUILD)/objects/workers/%.o: workers/%.c $(BUILD)/config.mk
	@mkdir -p $(@D)
	$(call quiet,CC  )$(CC) $(CFLAGS) -MMD -MP $(INCLUDES) -Iworkers $(if $(filter $(firstword $(subst /, ,$*)),$(MEDIA_WORKERS)),$(MEDIA_CFLAGS)) \
	    -DTATOR_SQL_DIR='"$(PREFIX)/share/tator/sql"' -c -o $@ $<

define worker_rule
$(BUILD)/tator-$(1): $(call objects,$(wildcard workers/$(1)/*.c)) $(if $(filter $(1),$(JOBS_WORKERS)),$(JOBS_OBJECTS)) $(COMMON_OBJECTS) $(BUILD)/libtator.a
	$$(call quiet,LINK)$$(CC) -o $$@ $$^ $$(LDFLAGS) $(if $(filter $(1),$(MEDIA_WORKERS)),$$(MEDIA_LIBS)) $$(LIBRARIES_LIBS) -lcrypt -pthread -lm
endef
$(foreach worker,$(WORKERS),$(eval $(call worker_rule,$(worker))))

-include $(shell [ ! -d $(BUILD)/objects ] || find $(BUILD)/objects -name '*.d')


# --- use

run:
	@bash conf/embedded/run

stop:
	@bash conf/embedded/stop

check: check-unit check-api

check-unit: all
	@bash t/unit/run $(BUILD)

check-api: all
	@bash t/run $(BUILD) $(TESTS)

sanitize:
	@[ -f build-sanitize/config.mk ] || ./configure --builddir=build-sanitize --sanitize
	$(MAKE) BUILD=build-sanitize all
	$(MAKE) BUILD=build-sanitize check

fuzz:
	@bash t/fuzz/run $(BUILD) $(SECONDS)

bench: all
	@bash bench/run $(BUILD)

install: all
	install -d $(DESTDIR)$(PREFIX)/lib/nginx/modules $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/tator/sql $(DESTDIR)$(PREFIX)/share/tator/conf
	install -m 644 $(BUILD)/ngx_tator_module.so $(DESTDIR)$(PREFIX)/lib/nginx/modules/
	[ -z "$(WORKER_BINARIES)" ] || install -m 755 $(WORKER_BINARIES) $(DESTDIR)$(PREFIX)/bin/
	[ ! -d sql ] || install -m 644 sql/*.sql $(DESTDIR)$(PREFIX)/share/tator/sql/
	for file in conf/*.conf conf/*.template conf/*.example; do [ ! -f "$$file" ] || install -m 644 "$$file" $(DESTDIR)$(PREFIX)/share/tator/conf/; done
	if [ -d conf/systemd ]; then install -d $(DESTDIR)$(PREFIX)/lib/systemd/system; install -m 644 conf/systemd/* $(DESTDIR)$(PREFIX)/lib/systemd/system/; fi

clean:
	rm -rf $(BUILD) build-sanitize

distclean: clean
	rm -rf var t/.venv
