# Rules that t/unit and t/fuzz share: each NAME.c there is a program of its own, linked with lib/*.c and, when its first lines say
#     /* link: ngx_tator_module/api/schema.c */
# with these files too. `/* libraries: media */` adds FFmpeg and libvips. Both are compiled anew under sanitizers below OUT.

include $(BUILD)/config.mk

top_sources := $(wildcard lib/*.c)
FLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Werror $(SANITIZERS) \
         -Iinclude -Ilib -Ingx_tator_module -I. $(LIBRARIES_CFLAGS)

said = $(shell sed -n '1,30s,^.*/\* $(1): \(.*\) \*/.*$$,\1,p' $(2))

programs := $(patsubst $(SOURCES_DIR)/%.c,%,$(wildcard $(SOURCES_DIR)/*.c))

all: $(programs:%=$(OUT)/%)

$(OUT)/lib.a: $(top_sources:%.c=$(OUT)/objects/%.o)
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/objects/%.o: %.S $(BUILD)/config.mk
	@mkdir -p $(@D)
	@$(NATIVE_CC) -g -c -o $@ $<

$(OUT)/objects/%.o: %.c $(BUILD)/config.mk
	@mkdir -p $(@D)
	@echo "  CC   $<"; $(NATIVE_CC) $(FLAGS) $(if $(filter workers/transcode/% workers/frames/%,$<),$(MEDIA_CFLAGS)) -MMD -MP -c -o $@ $<

define program_rule
$(OUT)/$(1): $(OUT)/objects/$(SOURCES_DIR)/$(1).o $(addprefix $(OUT)/objects/,$(addsuffix .o,$(basename $(call said,link,$(SOURCES_DIR)/$(1).c)))) $(OUT)/lib.a
	@echo "  LINK $$@"; $(NATIVE_CC) $(SANITIZERS) $(DRIVER) -o $$@ $$^ $(if $(call said,libraries,$(SOURCES_DIR)/$(1).c),$(MEDIA_LIBS)) $(LIBRARIES_LIBS) $(NATIVE_LIBS) -lcrypt -pthread -lm
endef
$(foreach program,$(programs),$(eval $(call program_rule,$(program))))

-include $(shell [ ! -d $(OUT)/objects ] || find $(OUT)/objects -name '*.d')

.PHONY: all
.DEFAULT_GOAL := all
.SECONDARY:
