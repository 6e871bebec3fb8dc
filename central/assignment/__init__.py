"""后台分类审批: which officer has which case, and what happens when officers come and go."""
